//! `Prefer: wait=N` (RFC 7240).

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue};

use crate::ApiSettings;

/// How long the client would wait for the end of a run; none when it says nothing.
pub(crate) struct Wait(pub(crate) Option<Duration>);

impl<S: Send + Sync> FromRequestParts<S> for Wait {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(wait(&parts.headers)))
    }
}

/// The first `wait` of the headers, at most [`ApiSettings::MAX_WAIT`]. What is not understood is
/// ignored, as RFC 7240 has it.
pub(crate) fn wait(headers: &HeaderMap) -> Option<Duration> {
    let values = headers.get_all("prefer").into_iter().filter_map(|value| value.to_str().ok());
    let seconds = values.flat_map(|value| value.split(',')).find_map(|preference| {
        let (name, value) = preference.split(';').next()?.split_once('=')?;
        let ours = name.trim().eq_ignore_ascii_case("wait");
        ours.then(|| value.trim().trim_matches('"').parse().ok()).flatten()
    })?;
    Some(Duration::from_secs(seconds).min(ApiSettings::MAX_WAIT))
}

/// The value of `Preference-Applied`.
pub(crate) fn applied(wait: Duration) -> HeaderValue {
    HeaderValue::from_str(&format!("wait={}", wait.as_secs())).unwrap_or(HeaderValue::from_static("wait"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_are_found_among_other_preferences_and_bounded() {
        for (value, seconds) in [
            ("wait=7", Some(7)),
            ("respond-async, WAIT = 7", Some(7)),
            ("return=minimal, wait=\"7\"; x=y", Some(7)),
            ("wait=100000", Some(300)),
            ("wait=-1", None),
            ("wait", None),
            ("await=7", None),
        ] {
            let headers = HeaderMap::from_iter([("prefer".parse().unwrap(), value.parse().unwrap())]);
            assert_eq!(wait(&headers), seconds.map(Duration::from_secs), "{value}");
        }
    }
}
