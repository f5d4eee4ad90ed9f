//! `Idempotency-Key`: a request that comes again does its work once.

use std::future::Future;

use axum::extract::{FromRequestParts, MatchedPath};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use simulay_engine::{Beginning, Once};
use simulay_model::{Digest, Principal};
use simulay_store::Outcome;

use crate::problem::Refusal;
use crate::state::Api;
use crate::wire::ProblemKind;

const NAME: HeaderName = HeaderName::from_static("idempotency-key");
const MAX_LENGTH: usize = 128;

/// What documents say of the header.
pub(crate) const MEANING: &str = "A name of your choice for this request, at most 128 visible ASCII \
    characters. The same request again under the same name within 24 hours does nothing more and \
    gets the answer of the first";

/// The request as its sender named it; without a name, it is new each time.
pub(crate) struct Keyed(Option<Key>);

struct Key {
    /// Method and route.
    scope: String,
    key: String,
    /// Path and query.
    target: String,
}

impl Keyed {
    /// The request with this body, when it has a name; only then is the body's digest asked for.
    pub(crate) fn once(self, body: impl FnOnce() -> Digest) -> Option<Once> {
        let Key { scope, key, target } = self.0?;
        let fingerprint = Digest::of(format!("{target}\n{}", body()).as_bytes());
        Some(Once { scope, key, fingerprint })
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Keyed {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        let Some(key) = key(&parts.headers)? else { return Ok(Self(None)) };
        let route = parts.extensions.get::<MatchedPath>().map_or("", MatchedPath::as_str);
        let scope = format!("{} {route}", parts.method);
        Ok(Self(Some(Key { scope, key, target: parts.uri.to_string() })))
    }
}

/// The key, bare or as a quoted string.
fn key(headers: &HeaderMap) -> Result<Option<String>, Refusal> {
    let mut values = headers.get_all(NAME).into_iter();
    let Some(value) = values.next() else { return Ok(None) };
    let text = value.to_str().unwrap_or_default().trim();
    let bare = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text);
    let plain = |c: char| c.is_ascii_graphic() && !matches!(c, '"' | '\\' | ',' | ';');
    if values.next().is_none() && (1..=MAX_LENGTH).contains(&bare.len()) && bare.chars().all(plain) {
        return Ok(Some(bare.to_owned()));
    }
    let detail = format!("`Idempotency-Key` is one name of at most {MAX_LENGTH} visible ASCII characters");
    Err(Refusal::new(ProblemKind::InvalidHeader, detail).at("Idempotency-Key"))
}

/// An answer that can be given again.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Answer {
    status: u16,
    location: Option<String>,
    body: String,
}

impl Answer {
    /// An answer with a JSON document.
    pub(crate) fn new(
        status: StatusCode,
        location: Option<String>,
        body: &impl Serialize,
    ) -> Result<Self, Refusal> {
        let body = serde_json::to_string(body).map_err(Refusal::internal)?;
        Ok(Self { status: status.as_u16(), location, body })
    }

    /// The answer as it is stored.
    pub(crate) fn stored(&self) -> Result<String, Refusal> {
        serde_json::to_string(self).map_err(Refusal::internal)
    }

    /// The answer that came of a request before.
    pub(crate) fn read(outcome: &Outcome) -> Result<Self, Refusal> {
        match outcome {
            Outcome::Answer(answer) => serde_json::from_str(answer).map_err(Refusal::internal),
            Outcome::Run(run) => Err(Refusal::internal(format!("the run {run} is no answer"))),
        }
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::OK);
        let location = self.location.map(|location| [(header::LOCATION, location)]);
        let json = [(header::CONTENT_TYPE, "application/json")];
        match location {
            Some(location) => (status, json, location, self.body).into_response(),
            None => (status, json, self.body).into_response(),
        }
    }
}

/// Does `work`, unless the request came before: then the answer of the first is given. For work
/// that does no harm when it is done again, as after a crash before its answer was stored.
pub(crate) async fn answered(
    api: &Api,
    principal: &Principal,
    once: Option<Once>,
    work: impl Future<Output = Result<Answer, Refusal>>,
) -> Result<Answer, Refusal> {
    let Some(once) = once else { return work.await };
    match api.engine.intake.begin(principal, &once).await? {
        Beginning::Again(outcome) => Answer::read(&outcome),
        Beginning::First(_at_work) => {
            let answer = work.await?;
            api.engine.intake.remember(principal, &once, answer.stored()?).await?;
            Ok(answer)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(value: &str) -> Result<Option<String>, ProblemKind> {
        let headers = HeaderMap::from_iter([(NAME, value.parse().unwrap())]);
        key(&headers).map_err(|refusal| refusal.kind())
    }

    #[test]
    fn keys_are_bounded_in_length_and_characters() {
        assert_eq!(key(&HeaderMap::new()).unwrap(), None);
        assert_eq!(read("a-1").unwrap().as_deref(), Some("a-1"));
        assert_eq!(read("\"a-1\"").unwrap().as_deref(), Some("a-1"));
        assert!(read(&"k".repeat(MAX_LENGTH)).is_ok());
        for wrong in ["", "\"\"", "a b", "a\"b", "a,b", "a;b=1", "\"a", &"k".repeat(MAX_LENGTH + 1)] {
            assert_eq!(read(wrong), Err(ProblemKind::InvalidHeader), "{wrong}");
        }
        let mut twice = HeaderMap::new();
        twice.append(NAME, "a".parse().unwrap());
        twice.append(NAME, "b".parse().unwrap());
        assert!(key(&twice).is_err());
    }
}
