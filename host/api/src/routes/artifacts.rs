//! Bytes a run took in or left behind.

use std::io;
use std::ops::Range;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use futures_util::TryStreamExt as _;
use simulay_model::{Artifact, Chain, Digest, Principal, RunId};

use super::runs::find;
use crate::address_limit::Peer;
use crate::caller::Caller;
use crate::concurrency::holding;
use crate::disposition::attachment;
use crate::extract::Segments;
use crate::problem::{Refusal, Refused};
use crate::range::{Part, content_range, is_known, part, past_the_end};
use crate::state::Api;
use crate::wire::ArtifactList;

/// List the artifacts of a run
///
/// Inputs, outputs, streams of containers and kept files, in the order they came.
#[utoipa::path(get, path = "/v1/runs/{id}/artifacts", tag = "runs", operation_id = "listArtifacts",
    params(("id" = uuid::Uuid, Path, description = "The run")),
    responses((status = 200, description = "The artifacts", body = ArtifactList), Refused<404>))]
pub(super) async fn list(
    State(api): State<Api>,
    Caller(principal): Caller,
    Segments(id): Segments<RunId>,
) -> Result<Json<ArtifactList>, Refusal> {
    find(&api, &principal, id).await?;
    Ok(Json(api.engine.reader.artifacts(&principal, id).await?.into()))
}

/// Download an artifact of a run
///
/// Its name and media type are those of the list. One range of bytes may be asked for.
#[utoipa::path(get, path = "/v1/runs/{id}/artifacts/{sha256}", tag = "runs", operation_id = "downloadArtifact",
    params(
        ("id" = uuid::Uuid, Path, description = "The run"),
        ("sha256" = String, Path, description = "SHA-256 of the artifact, from the list"),
        ("Range" = Option<String>, Header, description = "`bytes=FIRST-LAST` (RFC 9110)"),
        ("If-None-Match" = Option<String>, Header, description = "`ETag` of a copy that the client has"),
    ),
    responses(
        (status = 200, description = "The bytes", content_type = "application/octet-stream", body = String,
            headers(("ETag" = String), ("Content-Disposition" = String), ("Accept-Ranges" = String))),
        (status = 206, description = "The range", content_type = "application/octet-stream", body = String,
            headers(("Content-Range" = String))),
        (status = 304, description = "The client has it already"),
        Refused<404>, Refused<416>, Refused<429>
    ))]
pub(super) async fn download(
    State(api): State<Api>,
    peer: Peer,
    Caller(principal): Caller,
    Segments((id, sha256)): Segments<(RunId, Digest)>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let artifact = of_run(&api, &principal, id, sha256).await?;
    let tag = format!("\"{sha256}\"");
    let described = described(&artifact, &tag)?;
    if is_known(&headers, &tag) {
        return Ok((StatusCode::NOT_MODIFIED, described).into_response());
    }
    let download = Download { api: &api, principal, peer, sha256 };
    match part(&headers, artifact.size, &tag) {
        Part::Whole => {
            let body = download.bytes(None).await?;
            Ok((described, length(artifact.size), body).into_response())
        }
        Part::Some(range) => {
            let (content_range, size) =
                (content_range(&range, artifact.size), length(range.end - range.start));
            let body = download.bytes(Some(range)).await?;
            Ok((StatusCode::PARTIAL_CONTENT, described, content_range, size, body).into_response())
        }
        Part::PastTheEnd => Ok(past_the_end("the artifact", artifact.size, "Range")),
    }
}

/// The artifact, when it is one of the run.
async fn of_run(api: &Api, principal: &Principal, id: RunId, sha256: Digest) -> Result<Artifact, Refusal> {
    find(api, principal, id).await?;
    let listed = api.engine.reader.artifacts(principal, id).await?.into_iter();
    let artifact = listed.map(|listed| listed.artifact).find(|artifact| artifact.sha256 == sha256);
    artifact.ok_or_else(|| Refusal::not_found("artifact of this run"))
}

/// What every answer about the artifact says of it.
fn described(artifact: &Artifact, tag: &str) -> Result<HeaderMap, Refusal> {
    let name = artifact.path.file_name();
    let fixed = |text| HeaderValue::from_static(text);
    Ok(HeaderMap::from_iter([
        (header::CONTENT_TYPE, fixed(media_type(name))),
        (header::CONTENT_DISPOSITION, attachment(name)),
        (header::ETAG, HeaderValue::from_str(tag).map_err(Refusal::internal)?),
        (header::ACCEPT_RANGES, fixed("bytes")),
        (header::CACHE_CONTROL, fixed("private, no-cache")),
        (header::CONTENT_SECURITY_POLICY, fixed("sandbox; default-src 'none'")),
        (HeaderName::from_static("cross-origin-resource-policy"), fixed("same-origin")),
    ]))
}

/// From a closed list, by the ending of the name; what a plugin claims does not count.
fn media_type(name: &str) -> &'static str {
    match Artifact::media_type_of(name) {
        "text/plain" => "text/plain; charset=utf-8",
        "text/csv" => "text/csv; charset=utf-8",
        other => other,
    }
}

fn length(bytes: u64) -> [(HeaderName, HeaderValue); 1] {
    [(header::CONTENT_LENGTH, bytes.into())]
}

/// An artifact on its way out.
struct Download<'a> {
    api: &'a Api,
    principal: Principal,
    peer: Peer,
    sha256: Digest,
}

impl Download<'_> {
    async fn bytes(self, range: Option<Range<u64>>) -> Result<Body, Refusal> {
        let Self { api, principal, peer, sha256 } = self;
        let permit = api.downloads.take(peer)?;
        let pieces = holding(permit, api.engine.reader.blob(&principal, sha256, range).await?);
        Ok(Body::from_stream(pieces.map_err(move |error| {
            tracing::error!(error = %Chain(&error), %sha256, "a download breaks off");
            io::Error::other(error)
        })))
    }
}
