//! How often is asked: by an address, by an account, and with what shows no account.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use simulay_model::AccountName;
use simulay_rates::{Rate, Rates};

use crate::ApiSettings;
use crate::address_limit::Peer;
use crate::rate::{Exhausted, Policy, Standing};

const ADDRESS: Policy = Policy {
    name: "address",
    what: "requests of your address",
    setting: "limits.requests_per_second_per_address",
};
const ACCOUNT: Policy = Policy {
    name: "account",
    what: "requests of your account",
    setting: "limits.requests_per_second_per_account",
};
const FAILURES: Policy = Policy {
    name: "failures",
    what: "attempts of your address to show who asks",
    setting: "limits.failures_per_minute",
};
const ATTEMPTS: Policy = Policy {
    name: "attempts",
    what: "attempts of your address to sign in",
    setting: "limits.failures_per_minute",
};
const SIGN_INS: Policy = Policy {
    name: "sign-ins",
    what: "attempts to sign in to this account",
    setting: "limits.failures_per_minute",
};
/// How many addresses may try to sign in to one account as often as each may.
const ADDRESSES: u32 = 10;

/// The limits of how often is asked. Cheap to clone.
#[derive(Clone)]
pub(crate) struct RateLimits(Arc<Limits>);

struct Limits {
    /// Who counts: this process, or all that serve the same.
    rates: Arc<dyn Rates>,
    addresses: Option<Rate>,
    failures: Option<Rate>,
    /// What an account has of which nothing else is said.
    usual: Option<Rate>,
}

impl RateLimits {
    pub(crate) fn new(rates: Arc<dyn Rates>, settings: &ApiSettings) -> Self {
        Self(Arc::new(Limits {
            rates,
            addresses: settings.address_rate,
            failures: settings.failure_rate,
            usual: settings.account_rate,
        }))
    }

    /// How often an account may ask of which nothing else is said.
    pub(crate) fn usual(&self) -> Option<Rate> {
        self.0.usual
    }

    /// Counts a request of `peer`.
    async fn request(&self, peer: Peer) -> Result<Option<Standing>, Exhausted> {
        self.of_address(ADDRESS, peer, self.0.addresses).await
    }

    /// Counts a request of `account`, which may ask as often as `rate`.
    pub(crate) async fn account(
        &self,
        account: &AccountName,
        rate: Option<Rate>,
    ) -> Result<Option<Standing>, Exhausted> {
        self.take(ACCOUNT, Some(account.to_string()), rate).await
    }

    /// Counts that `peer` showed a token which is none.
    pub(crate) async fn failure(&self, peer: Peer) -> Result<(), Exhausted> {
        self.of_address(FAILURES, peer, self.0.failures).await.map(drop)
    }

    /// Counts that `peer` tries to sign in by a password or elsewhere, and as which account; ask before anything is
    /// computed or asked for it.
    pub(crate) async fn sign_in(&self, peer: Peer, account: Option<&str>) -> Result<(), Exhausted> {
        self.of_address(ATTEMPTS, peer, self.0.failures).await?;
        // What can be no account has no password to guess.
        let account = account.and_then(|name| name.parse::<AccountName>().ok());
        // One address does not keep somebody from his account.
        let rate = self.0.failures.map(|rate| rate.times(ADDRESSES));
        self.take(SIGN_INS, account.map(|account| account.to_string()), rate).await.map(drop)
    }

    async fn of_address(
        &self,
        policy: Policy,
        peer: Peer,
        rate: Option<Rate>,
    ) -> Result<Option<Standing>, Exhausted> {
        self.take(policy, peer.bounded().map(|address| address.to_string()), rate).await
    }

    /// Counts one of `who`, where there is a limit and it is held against that.
    async fn take(
        &self,
        policy: Policy,
        who: Option<String>,
        rate: Option<Rate>,
    ) -> Result<Option<Standing>, Exhausted> {
        let Some((who, rate)) = who.zip(rate) else { return Ok(None) };
        policy.take(&*self.0.rates, &who, rate).await.map(Some)
    }
}

/// Lets through what its address may still ask, before anything is looked up for it.
pub(crate) async fn by_address(State(limits): State<RateLimits>, request: Request, next: Next) -> Response {
    if !costs(request.uri().path()) {
        return next.run(request).await;
    }
    match limits.request(Peer::of(request.extensions())).await {
        Ok(standing) => told(standing, next.run(request).await),
        Err(exhausted) => exhausted.into_response(),
    }
}

/// True for what is answered from what is stored.
pub(crate) fn costs(path: &str) -> bool {
    path.starts_with("/v1/") || path == "/metrics"
}

/// The same answer, and where its client stands.
pub(crate) fn told(standing: Option<Standing>, mut response: Response) -> Response {
    if let Some(standing) = standing {
        standing.tell(response.headers_mut());
    }
    response
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use simulay_rates::LocalRates;

    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    fn limits() -> RateLimits {
        let rate = |burst| Rate::new(1, HOUR, burst);
        with(&ApiSettings {
            address_rate: rate(4),
            failure_rate: rate(3),
            account_rate: rate(2),
            ..ApiSettings::default()
        })
    }

    fn with(settings: &ApiSettings) -> RateLimits {
        let rates: LocalRates = LocalRates::default();
        RateLimits::new(Arc::new(rates), settings)
    }

    fn peer(address: &str) -> Peer {
        Peer::new(address.parse().unwrap())
    }

    /// How often an address may ask, of so many times.
    async fn asked(limits: &RateLimits, address: &str, times: usize) -> usize {
        let mut admitted = 0;
        for _ in 0..times {
            admitted += usize::from(limits.request(peer(address)).await.is_ok());
        }
        admitted
    }

    #[tokio::test]
    async fn each_address_has_its_own_and_this_machine_has_no_limit() {
        let limits = limits();
        for (address, admitted) in [("192.0.2.1", 4), ("192.0.2.2", 4), ("127.0.0.1", 9)] {
            assert_eq!(asked(&limits, address, 9).await, admitted, "{address}");
        }
        for (address, admitted) in [("2001:db8::1", 4), ("2001:db8::2", 0)] {
            assert_eq!(asked(&limits, address, 9).await, admitted, "one network is one: {address}");
        }
        let none = with(&ApiSettings { address_rate: None, ..ApiSettings::default() });
        assert_eq!(asked(&none, "192.0.2.1", 9999).await, 9999);
    }

    #[tokio::test]
    async fn accounts_may_have_rates_of_their_own() {
        let limits = limits();
        let (usual, more) = (limits.usual(), Rate::new(1, HOUR, 5));
        let all =
            [("ada", usual, 2), ("grace", usual, 2), ("joan", more, 5), ("local", None, 9), ("ada", more, 5)];
        for (name, rate, most) in all {
            let mut admitted = 0;
            for _ in 0..9 {
                admitted += usize::from(limits.account(&name.parse().unwrap(), rate).await.is_ok());
            }
            assert_eq!(admitted, most, "{name}: a new rate begins anew");
        }
    }

    #[tokio::test]
    async fn signing_in_is_bounded_by_address_and_by_account() {
        let limits = limits();
        let tried = async |address: &str, name: &str, times: usize| {
            let mut admitted = 0;
            for _ in 0..times {
                admitted += usize::from(limits.sign_in(peer(address), Some(name)).await.is_ok());
            }
            admitted
        };
        assert_eq!(tried("192.0.2.1", "ada", 9).await, 3);
        assert_eq!(tried("192.0.2.2", "ada", 1).await, 1, "nobody is kept out by one address");
        assert_eq!(tried("192.0.2.1", "grace", 1).await, 0, "another account does not help");
        assert_eq!(tried("127.0.0.1", "joan", 99).await, 30, "nor this machine");
        let mut others = 0;
        for last in 3..99 {
            others += tried(&format!("192.0.2.{last}"), "ada", 1).await;
        }
        assert_eq!(others, 30 - 4, "nor many addresses");
        assert_eq!(tried("192.0.2.100", "grace", 1).await, 1);
    }
}
