//! What a container call prints, as it prints it.

use std::io;
use std::ops::Range;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use futures_util::stream::{self, StreamExt as _};
use serde::Deserialize;
use simulay_engine::{KeptLog, Log, LogStart, LogStream, StreamName};
use simulay_model::RunId;
use tokio_util::sync::CancellationToken;

use super::runs::{find, optional};
use crate::address_limit::Peer;
use crate::caller::Caller;
use crate::concurrency::{Permit, holding};
use crate::extract::{Asked, Segments};
use crate::problem::{Refusal, Refused};
use crate::range::{Part, content_range, is_known, part, past_the_end};
use crate::state::Api;

/// Tells which byte of the stream is the first of the answer.
const FROM: HeaderName = HeaderName::from_static("simulay-log-from");
/// Tells which attempt at the call printed it.
const ATTEMPT: HeaderName = HeaderName::from_static("simulay-attempt");

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

/// Where to begin.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Beginning {
    from: Option<String>,
}

impl Beginning {
    fn start(&self) -> Result<Option<LogStart>, Refusal> {
        let from: Option<i64> = optional("from", self.from.as_deref())?;
        Ok(from.map(|from| match u64::try_from(from) {
            Ok(byte) => LogStart::At(byte),
            Err(_) => LogStart::Last(from.unsigned_abs()),
        }))
    }
}

/// Read what a container call prints
///
/// From its start, or from the byte `from`, and on until the call ends. The bytes are as the command printed them: an
/// offset may lie within a character. Whoever is cut off goes on with `from` = `Simulay-Log-From` + the bytes that
/// came, as long as `Simulay-Attempt` is the same: another attempt prints anew. Once the attempt has ended, the answer has a
/// `Content-Length` and one range of bytes may be asked for.
#[utoipa::path(get, path = "/v1/runs/{id}/calls/{step}/{call}/logs/{stream}", tag = "runs",
    operation_id = "readLog",
    params(
        ("id" = uuid::Uuid, Path, description = "The run"),
        ("step" = u32, Path, description = "Step, from 0"),
        ("call" = u32, Path, description = "Index in the step, from 0"),
        ("stream" = String, Path, description = "`stdout` or `stderr`"),
        ("from" = Option<i64>, Query, description = "The byte to begin with, from 0, which may be still to come; \
            negative: so many bytes before the last by now"),
        ("Range" = Option<String>, Header, description = "`bytes=FIRST-LAST` (RFC 9110), once the attempt has ended \
            and without `from`"),
        ("If-None-Match" = Option<String>, Header, description = "`ETag` of a copy that the client has"),
    ),
    responses(
        (status = 200, description = "The stream", content_type = "text/plain; charset=utf-8", body = String,
            headers(("Simulay-Log-From" = u64, description = "The first byte of the answer, from 0"),
                ("Simulay-Attempt" = u32, description = "Which attempt at the call printed it, from 0"),
                ("ETag" = Option<String>, description = "Once the attempt has ended"))),
        (status = 206, description = "The range", content_type = "text/plain; charset=utf-8", body = String,
            headers(("Content-Range" = String))),
        (status = 304, description = "The client has it already"),
        Refused<404>, Refused<416>, Refused<422>, Refused<429>
    ))]
pub(super) async fn follow(
    State(api): State<Api>,
    peer: Peer,
    Caller(principal): Caller,
    Segments((id, step, call, stream)): Segments<(RunId, u32, u32, Stream)>,
    Asked(beginning): Asked<Beginning>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let start = beginning.start()?;
    find(&api, &principal, id).await?;
    let permit = api.streams.take(peer)?;
    let log = api.engine.reader.log(&principal, id, (step, call), stream.into()).await?;
    let described = described(log.attempt());
    match log {
        Log::AtWork(log) => {
            let (from, log) = log.follow(start.unwrap_or(LogStart::At(0))).await;
            let body = until(permit, log, api.draining.clone());
            Ok((described, [(FROM, HeaderValue::from(from))], body).into_response())
        }
        Log::Kept(log) => {
            let kept = Kept { permit, draining: api.draining.clone(), log };
            Ok((described, kept.answer(start, &headers).await?).into_response())
        }
    }
}

/// What every answer says of the log.
fn described(attempt: u32) -> HeaderMap {
    let fixed = HeaderValue::from_static;
    HeaderMap::from_iter([
        (header::CONTENT_TYPE, fixed("text/plain; charset=utf-8")),
        (header::CONTENT_SECURITY_POLICY, fixed("sandbox; default-src 'none'")),
        (HeaderName::from_static("x-accel-buffering"), fixed("no")),
        (ATTEMPT, attempt.into()),
    ])
}

/// A log that is over, on its way out.
struct Kept {
    permit: Permit,
    draining: CancellationToken,
    log: KeptLog,
}

impl Kept {
    async fn answer(self, start: Option<LogStart>, headers: &HeaderMap) -> Result<Response, Refusal> {
        let (length, tag) = (self.log.length(), format!("\"{}\"", self.log.digest()));
        // Another attempt may follow.
        let told = [
            (header::ACCEPT_RANGES, "bytes"),
            (header::CACHE_CONTROL, "private, no-cache"),
            (header::ETAG, tag.as_str()),
        ];
        if is_known(headers, &tag) {
            return Ok((StatusCode::NOT_MODIFIED, told).into_response());
        }
        let (part, field) = match start.map(|start| start.of(length)) {
            Some(from) if from > length => (Part::PastTheEnd, "from"),
            Some(from) => return Ok((told, self.body(from..length).await?).into_response()),
            None => (part(headers, length, &tag), "Range"),
        };
        Ok(match part {
            Part::Whole => (told, self.body(0..length).await?).into_response(),
            Part::Some(range) => {
                let range_told = content_range(&range, length);
                (StatusCode::PARTIAL_CONTENT, told, range_told, self.body(range).await?).into_response()
            }
            Part::PastTheEnd => past_the_end("the log", length, field),
        })
    }

    async fn body(self, range: Range<u64>) -> Result<impl axum::response::IntoResponse, Refusal> {
        let headers = [(FROM, range.start), (header::CONTENT_LENGTH, range.end - range.start)];
        let log = self.log.read(range).await?;
        Ok((
            headers.map(|(name, number)| (name, HeaderValue::from(number))),
            until(self.permit, log, self.draining),
        ))
    }
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
