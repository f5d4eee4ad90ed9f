//! What a container call prints, as it prints it.

use std::io;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use futures_util::stream::{self, StreamExt as _};
use serde::Deserialize;
use simulay_engine::{LogStream, StreamName};
use simulay_model::RunId;
use tokio_util::sync::CancellationToken;

use super::runs::find;
use crate::address_limit::Peer;
use crate::caller::Caller;
use crate::concurrency::{Permit, holding};
use crate::extract::Segments;
use crate::problem::{Refusal, Refused};
use crate::state::Api;

/// The two streams of a command.
#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Stream {
    Stdout,
    Stderr,
}

impl From<Stream> for StreamName {
    fn from(stream: Stream) -> Self {
        match stream {
            Stream::Stdout => Self::Stdout,
            Stream::Stderr => Self::Stderr,
        }
    }
}

/// Read what a container call prints
///
/// From its start, and on until the call ends. The bytes are as the command printed them.
#[utoipa::path(get, path = "/v1/runs/{id}/calls/{step}/{call}/logs/{stream}", tag = "runs",
    operation_id = "readLog",
    params(
        ("id" = uuid::Uuid, Path, description = "The run"),
        ("step" = u32, Path, description = "Step, from 0"),
        ("call" = u32, Path, description = "Index in the step, from 0"),
        ("stream" = String, Path, description = "`stdout` or `stderr`"),
    ),
    responses(
        (status = 200, description = "The stream", content_type = "text/plain; charset=utf-8", body = String),
        Refused<404>, Refused<429>
    ))]
pub(super) async fn follow(
    State(api): State<Api>,
    peer: Peer,
    Caller(principal): Caller,
    Segments((id, step, call, stream)): Segments<(RunId, u32, u32, Stream)>,
) -> Result<Response, Refusal> {
    find(&api, &principal, id).await?;
    let permit = api.streams.take(peer)?;
    let log = api.engine.reader.log(&principal, id, (step, call), stream.into()).await?;
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8")),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("sandbox; default-src 'none'")),
        (HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no")),
    ];
    Ok((headers, until(permit, log, api.draining.clone())).into_response())
}

/// The log, broken off (so that nobody takes it for whole) when the server stops.
fn until(permit: Permit, log: LogStream, draining: CancellationToken) -> Body {
    let pieces = holding(permit, log).map(|piece| piece.map_err(io::Error::other));
    let stopped = draining.clone().cancelled_owned();
    let broken = stream::once(async move {
        draining.is_cancelled().then(|| Err(io::Error::other("the server is stopping")))
    });
    Body::from_stream(pieces.take_until(stopped).chain(broken.filter_map(std::future::ready)))
}
