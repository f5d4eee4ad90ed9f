//! How often is asked: by an address, by an account, and with what shows no account.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use parking_lot::Mutex;
use simulay_model::AccountName;

use crate::ApiSettings;
use crate::address_limit::Peer;
use crate::rate::{Exhausted, Policy, Rate, RateLimit, Standing};

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
    addresses: Option<RateLimit<IpAddr>>,
    failures: Option<RateLimit<IpAddr>>,
    attempts: Option<RateLimit<IpAddr>>,
    sign_ins: Option<RateLimit<AccountName>>,
    /// What an account has of which nothing else is said.
    usual: Option<Rate>,
    accounts: Mutex<ByRate>,
}

/// The accounts that may ask equally often.
type ByRate = HashMap<Rate, Arc<RateLimit<AccountName>>>;

impl RateLimits {
    pub(crate) fn new(settings: &ApiSettings) -> Self {
        let failures = settings.failure_rate;
        Self(Arc::new(Limits {
            addresses: settings.address_rate.and_then(|rate| RateLimit::new(ADDRESS, rate)),
            failures: failures.and_then(|rate| RateLimit::new(FAILURES, rate)),
            attempts: failures.and_then(|rate| RateLimit::new(ATTEMPTS, rate)),
            // One address does not keep somebody from his account.
            sign_ins: failures.and_then(|rate| RateLimit::new(SIGN_INS, rate.times(ADDRESSES))),
            usual: settings.account_rate,
            accounts: Mutex::default(),
        }))
    }

    /// How often an account may ask of which nothing else is said.
    pub(crate) fn usual(&self) -> Option<Rate> {
        self.0.usual
    }

    /// Counts a request of `peer`.
    fn request(&self, peer: Peer) -> Result<Option<Standing>, Exhausted> {
        take(self.0.addresses.as_ref(), peer.bounded())
    }

    /// Counts a request of `account`, which may ask as often as `rate`.
    pub(crate) fn account(
        &self,
        account: &AccountName,
        rate: Option<Rate>,
    ) -> Result<Option<Standing>, Exhausted> {
        let limit = rate.and_then(|rate| self.of_accounts(rate));
        limit.map(|limit| limit.take(account)).transpose()
    }

    fn of_accounts(&self, rate: Rate) -> Option<Arc<RateLimit<AccountName>>> {
        let mut all = self.0.accounts.lock();
        if let Some(limit) = all.get(&rate) {
            return Some(limit.clone());
        }
        let limit = Arc::new(RateLimit::new(ACCOUNT, rate)?);
        all.insert(rate, limit.clone());
        Some(limit)
    }

    /// Counts that `peer` showed a token which is none.
    pub(crate) fn failure(&self, peer: Peer) -> Result<(), Exhausted> {
        take(self.0.failures.as_ref(), peer.bounded()).map(drop)
    }

    /// Counts that `peer` tries to sign in by a password or elsewhere, and as which account; ask before anything is
    /// computed or asked for it.
    pub(crate) fn sign_in(&self, peer: Peer, account: Option<&str>) -> Result<(), Exhausted> {
        take(self.0.attempts.as_ref(), peer.bounded())?;
        // What can be no account has no password to guess.
        let account = account.and_then(|name| name.parse::<AccountName>().ok());
        take(self.0.sign_ins.as_ref(), account).map(drop)
    }
}

/// Counts one of `key`, where there is a limit and it is held against that.
fn take<K: Hash + Eq + Clone>(
    limit: Option<&RateLimit<K>>,
    key: Option<K>,
) -> Result<Option<Standing>, Exhausted> {
    limit.zip(key).map(|(limit, key)| limit.take(&key)).transpose()
}

/// Lets through what its address may still ask, before anything is looked up for it.
pub(crate) async fn by_address(State(limits): State<RateLimits>, request: Request, next: Next) -> Response {
    if !costs(request.uri().path()) {
        return next.run(request).await;
    }
    match limits.request(Peer::of(request.extensions())) {
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

    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    fn limits() -> RateLimits {
        let rate = |burst| Rate::new(1, HOUR, burst);
        RateLimits::new(&ApiSettings {
            address_rate: rate(4),
            failure_rate: rate(3),
            account_rate: rate(2),
            ..ApiSettings::default()
        })
    }

    fn peer(address: &str) -> Peer {
        Peer::new(address.parse().unwrap())
    }

    fn account(name: &str) -> AccountName {
        name.parse().unwrap()
    }

    #[test]
    fn each_address_has_its_own_and_this_machine_has_no_limit() {
        let limits = limits();
        let asked = |address, times| (0..times).filter(|_| limits.request(peer(address)).is_ok()).count();
        assert_eq!((asked("192.0.2.1", 9), asked("192.0.2.2", 9), asked("127.0.0.1", 9)), (4, 4, 9));
        assert_eq!((asked("2001:db8::1", 9), asked("2001:db8::2", 9)), (4, 0), "one network is one");
        let none = RateLimits::new(&ApiSettings { address_rate: None, ..ApiSettings::default() });
        assert!((0..9999).all(|_| none.request(peer("192.0.2.1")).is_ok()));
    }

    #[test]
    fn accounts_may_have_rates_of_their_own() {
        let limits = limits();
        let asked =
            |name: &str, rate| (0..9).filter(|_| limits.account(&account(name), rate).is_ok()).count();
        assert_eq!((asked("ada", limits.usual()), asked("grace", limits.usual())), (2, 2));
        assert_eq!((asked("joan", Rate::new(1, HOUR, 5)), asked("local", None)), (5, 9));
        assert_eq!(asked("ada", Rate::new(1, HOUR, 5)), 5, "a new rate begins anew");
    }

    #[test]
    fn signing_in_is_bounded_by_address_and_by_account() {
        let limits = limits();
        let tried = |address: &str, name: &str| limits.sign_in(peer(address), Some(name)).is_ok();
        assert_eq!((0..9).filter(|_| tried("192.0.2.1", "ada")).count(), 3);
        assert!(tried("192.0.2.2", "ada"), "nobody is kept out by one address");
        assert!(!tried("192.0.2.1", "grace"), "another account does not help");
        assert_eq!((0..99).filter(|_| tried("127.0.0.1", "joan")).count(), 30, "nor this machine");
        let others = (3..99).filter(|last| tried(&format!("192.0.2.{last}"), "ada")).count();
        assert_eq!(others, 30 - 4, "nor many addresses");
        assert!(tried("192.0.2.100", "grace"));
    }
}
