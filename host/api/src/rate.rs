//! What clients and operators are told of limits on how often somebody may ask.

use std::num::NonZeroU32;
use std::time::Duration;

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::{IntoResponse, Response};
use simulay_rates::{Rate, Rates};

use crate::problem::Refusal;
use crate::wire::ProblemKind;

/// The fields of draft-ietf-httpapi-ratelimit-headers.
const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const STANDING: HeaderName = HeaderName::from_static("ratelimit");

/// A limit, as clients and operators know it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Policy {
    /// In the header fields.
    pub(crate) name: &'static str,
    /// What is counted, and of whom.
    pub(crate) what: &'static str,
    pub(crate) setting: &'static str,
}

impl Policy {
    /// Counts one of `who`, unless it has asked more often than at `rate`.
    pub(crate) async fn take(self, rates: &dyn Rates, who: &str, rate: Rate) -> Result<Standing, Exhausted> {
        let standing = |left, time| Standing { policy: self, rate, left, time };
        match rates.take(self.name, who, rate).await {
            Ok(now) => Ok(standing(now.left, now.time)),
            Err(exhausted) => Err(Exhausted(standing(0, exhausted.time))),
        }
    }
}

/// Where somebody stands with a limit.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Standing {
    policy: Policy,
    rate: Rate,
    left: u32,
    /// Until all is there again; when nothing is left, until one more is allowed.
    time: Duration,
}

impl Standing {
    /// Tells the client in the header of its answer.
    pub(crate) fn tell(&self, headers: &mut HeaderMap) {
        let Self { policy, rate, left, time } = self;
        let (name, burst) = (policy.name, rate.burst());
        let window = seconds(rate.time(burst.get()));
        add(headers, POLICY, &format!("\"{name}\";q={burst};w={window}"));
        add(headers, STANDING, &format!("\"{name}\";r={left};t={}", seconds(*time)));
    }
}

/// Adds an item to a list (RFC 9651), on its one line.
fn add(headers: &mut HeaderMap, name: HeaderName, item: &str) {
    let before = headers.get(&name).and_then(|value| value.to_str().ok());
    let list = before.map_or_else(|| item.to_owned(), |before| format!("{before}, {item}"));
    if let Ok(value) = HeaderValue::try_from(list) {
        headers.insert(name, value);
    }
}

/// Somebody has asked too often.
#[derive(Debug)]
pub(crate) struct Exhausted(Standing);

impl Exhausted {
    fn refusal(&self) -> Refusal {
        let Policy { what, setting, .. } = self.0.policy;
        let seconds = seconds(self.0.time);
        let detail = format!("there are more {what} than `{setting}` allows; try again in {seconds} s");
        Refusal::new(ProblemKind::RateLimited, detail).retry_after(seconds.get().into())
    }
}

impl IntoResponse for Exhausted {
    fn into_response(self) -> Response {
        let mut response = self.refusal().into_response();
        self.0.tell(response.headers_mut());
        response
    }
}

/// Whole seconds, at least one: nobody is told to come back at once and then refused.
fn seconds(time: Duration) -> NonZeroU32 {
    let whole = time.as_millis().div_ceil(1000);
    NonZeroU32::new(whole.try_into().unwrap_or(u32::MAX)).unwrap_or(NonZeroU32::MIN)
}

#[cfg(test)]
mod tests {
    use simulay_rates::LocalRates;

    use super::*;

    const POLICY_OF_TEST: Policy = Policy { name: "test", what: "requests", setting: "limits.test" };

    fn told(standing: &Standing) -> [String; 2] {
        let mut headers = HeaderMap::new();
        standing.tell(&mut headers);
        [POLICY, STANDING].map(|name| headers[name].to_str().unwrap().to_owned())
    }

    #[tokio::test]
    async fn a_client_is_told_where_it_stands() {
        let rates: LocalRates = LocalRates::default();
        let rate = Rate::new(1, Duration::from_secs(2000), 3).unwrap();
        let take = || POLICY_OF_TEST.take(&rates, "ada", rate);
        assert_eq!(told(&take().await.unwrap()), ["\"test\";q=3;w=6000", "\"test\";r=2;t=2000"]);
        take().await.unwrap();
        take().await.unwrap();
        let [policy, standing] = told(&take().await.unwrap_err().0);
        assert_eq!(policy, "\"test\";q=3;w=6000");
        assert!(standing.starts_with("\"test\";r=0;t="), "{standing}");
    }

    #[tokio::test]
    async fn a_refusal_says_when_to_come_back_and_which_setting_it_is() {
        let rates: LocalRates = LocalRates::default();
        let rate = Rate::new(1, Duration::from_secs(5), 1).unwrap();
        let take = || POLICY_OF_TEST.take(&rates, "ada", rate);
        take().await.unwrap();
        let response = take().await.unwrap_err().into_response();
        assert_eq!(
            (response.status().as_u16(), &response.headers()["retry-after"]),
            (429, &HeaderValue::from(5))
        );
        let refusal = response.extensions().get::<Refusal>().unwrap();
        assert!(refusal.cause().contains("`limits.test`"), "{refusal:?}");
    }

    #[test]
    fn the_rest_of_a_second_counts_as_one() {
        let told = [0, 1, 1000, 1001].map(|millis| seconds(Duration::from_millis(millis)).get());
        assert_eq!(told, [1, 1, 1, 2]);
    }

    #[test]
    fn limits_are_told_in_one_list() {
        let mut headers = HeaderMap::new();
        add(&mut headers, STANDING, "\"account\";r=1;t=1");
        add(&mut headers, STANDING, "\"address\";r=2;t=1");
        assert_eq!(headers[STANDING], "\"account\";r=1;t=1, \"address\";r=2;t=1");
        assert_eq!(headers.len(), 1);
    }
}
