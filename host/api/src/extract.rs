//! From requests to arguments. What does not fit is refused by name.

use std::time::Duration;

use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::request::Parts;
use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde_path_to_error::Segment;
use simulay_engine::Selector;
use simulay_model::Weight;

use crate::ApiSettings;
use crate::address_limit::Peer;
use crate::body::{Bound, Pieces, check_one_of, check_plain};
use crate::concurrency::Permit;
use crate::pace::Pace;
use crate::problem::Refusal;
use crate::state::Api;
use crate::wire::ProblemKind;

/// Time a large body waits for a permit.
const PATIENCE: Duration = Duration::from_secs(10);

/// The variable segments of a path; one that does not fit names nothing.
pub(crate) struct Segments<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Segments<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let path = Path::from_request_parts(parts, state).await;
        path.map(|Path(segments)| Self(segments)).map_err(|error| Refusal::not_found("object").because(error))
    }
}

/// The segment that names a pipeline: `name` or `name@version`.
pub(crate) struct Pipeline(pub(crate) Selector);

impl<S: Send + Sync> FromRequestParts<S> for Pipeline {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let Segments(text): Segments<String> = Segments::from_request_parts(parts, state).await?;
        selector(&text).map(Self).ok_or_else(|| Refusal::not_found("pipeline"))
    }
}

pub(crate) fn selector(text: &str) -> Option<Selector> {
    let (name, version) = match text.split_once('@') {
        Some((name, version)) => (name, Some(version.parse().ok()?)),
        None => (text, None),
    };
    Some(Selector { name: name.parse().ok()?, version })
}

/// The query of a request.
pub(crate) struct Asked<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Asked<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let query = Query::from_request_parts(parts, state).await;
        query
            .map(|Query(asked)| Self(asked))
            .map_err(|error| Refusal::new(ProblemKind::ParamsInvalid, error.body_text()).at("query"))
    }
}

const JSON: &str = "application/json";

/// A JSON body, its bytes as they came, and its permit to be in memory.
pub(crate) struct KnownBody<T> {
    pub(crate) document: T,
    pub(crate) bytes: Bytes,
    pub(crate) permit: Option<Permit>,
}

impl<T: DeserializeOwned> FromRequest<Api> for KnownBody<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, api: &Api) -> Result<Self, Refusal> {
        let (permit, bytes) = read(request, api, &[JSON]).await?;
        Ok(Self { document: parse(&bytes)?, bytes, permit })
    }
}

/// A JSON body, and its permit to be in memory.
pub(crate) struct JsonBody<T>(pub(crate) T, pub(crate) Option<Permit>);

impl<T: DeserializeOwned> FromRequest<Api> for JsonBody<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, api: &Api) -> Result<Self, Refusal> {
        let (permit, bytes) = read(request, api, &[JSON]).await?;
        Ok(Self(parse(&bytes)?, permit))
    }
}

/// A JSON Merge Patch (RFC 7396), which may come as JSON, and its permit to be in memory.
pub(crate) struct MergePatch<T>(pub(crate) T, pub(crate) Option<Permit>);

impl<T: DeserializeOwned> FromRequest<Api> for MergePatch<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, api: &Api) -> Result<Self, Refusal> {
        let (permit, bytes) = read(request, api, &["application/merge-patch+json", JSON]).await?;
        Ok(Self(parse(&bytes)?, permit))
    }
}

async fn read(request: Request, api: &Api, media_types: &[&str]) -> Result<(Option<Permit>, Bytes), Refusal> {
    let (mut parts, body) = request.into_parts();
    let Ok(peer) = Peer::from_request_parts(&mut parts, api).await;
    check_plain(&parts.headers)?;
    check_one_of(&parts.headers, media_types)?;
    let bound = Bound {
        bytes: api.settings.max_json_bytes,
        setting: "server.max_json_bytes",
        kind: ProblemKind::ParamsTooLarge,
    };
    let pieces = Pieces::new(&parts.headers, body, bound, Pace::of(&api.settings))?;
    let permit = match pieces.announced() {
        Some(length) if length <= ApiSettings::SMALL_BODY => None,
        _ => Some(api.large_bodies.wait(peer, PATIENCE).await?),
    };
    Ok((permit, pieces.collect().await?))
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Refusal> {
    let invalid = |error: serde_json::Error| Refusal::new(ProblemKind::InvalidJson, error.to_string());
    // Documents in it are only looked at later: whether they can be is told now.
    Weight::of(bytes).map_err(invalid)?;
    // Left to itself, serde takes an array for a struct.
    if !bytes.trim_ascii_start().starts_with(b"{") {
        return Err(Refusal::new(ProblemKind::ParamsInvalid, "the body must be a JSON object").at(""));
    }
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let parsed = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| wrong(&error))?;
    deserializer.end().map_err(invalid)?;
    Ok(parsed)
}

fn wrong(error: &serde_path_to_error::Error<serde_json::Error>) -> Refusal {
    let text = error.inner().to_string();
    if !error.inner().is_data() {
        return Refusal::new(ProblemKind::InvalidJson, text);
    }
    Refusal::new(ProblemKind::ParamsInvalid, text).at(pointer(error.path()))
}

/// The JSON Pointer (RFC 6901) of a place.
fn pointer(path: &serde_path_to_error::Path) -> String {
    let token = |segment: &Segment| match segment {
        Segment::Seq { index } => format!("/{index}"),
        Segment::Map { key } => format!("/{}", key.replace('~', "~0").replace('/', "~1")),
        Segment::Enum { variant } => format!("/{variant}"),
        Segment::Unknown => String::from("/?"),
    };
    path.iter().map(token).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::NewRun;

    fn refused(body: &str) -> Refusal {
        parse::<NewRun>(body.as_bytes()).unwrap_err()
    }

    #[test]
    fn selectors_name_a_version_or_the_latest() {
        assert_eq!(selector("heat").unwrap().version, None);
        assert_eq!(selector("heat@1.2.0").unwrap().to_string(), "heat@1.2.0");
        for text in ["", "@", "heat@", "heat@1", "Heat", "heat@1.0.0@2.0.0", "../x", "heat@../1.0.0"] {
            assert!(selector(text).is_none(), "{text}");
        }
    }

    #[test]
    fn what_is_no_json_differs_from_what_does_not_fit() {
        for body in ["", "{", "{}x", "nonsense", "{\"params\":1e999}", &"[".repeat(10_000)] {
            assert_eq!(refused(body).kind(), ProblemKind::InvalidJson, "{body:.20}");
        }
        for body in ["[]", "1", "{\"sed\":1}", "{\"seed\":-1}", "{\"seed\":1.5}", "{\"inputs\":[{}]}"] {
            assert_eq!(refused(body).kind(), ProblemKind::ParamsInvalid, "{body}");
        }
    }
}
