//! What happens to a run, as it happens.

use std::convert::Infallible;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::sse::{self, KeepAlive, Sse};
use axum::response::{IntoResponse as _, Response};
use futures_util::StreamExt as _;
use futures_util::stream::{self, BoxStream};
use serde::Deserialize;
use simulay_engine::EngineError;
use simulay_model::{Chain, Event, RunId};

use super::runs::find;
use crate::address_limit::Peer;
use crate::caller::Caller;
use crate::concurrency::{Permit, holding};
use crate::extract::{Asked, Segments};
use crate::problem::{Refusal, Refused};
use crate::state::Api;
use crate::wire::{self, ProblemKind};

const HEADERS: [(HeaderName, HeaderValue); 2] = [
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    // nginx would hold the events back.
    (HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no")),
];

type Events = BoxStream<'static, Result<Event, EngineError>>;

/// Where to begin.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct From {
    after: Option<String>,
}

/// Follow a run
///
/// Server-sent events: `id` is the number of the event, `event` its kind, `data` an `Event`
/// document. First what has happened, then what happens; the stream ends after `run.ended`. A
/// client that comes back with `Last-Event-ID` misses nothing and sees nothing twice. Whoever has
/// seen the last event gets 204, which tells browsers not to come back.
#[utoipa::path(get, path = "/v1/runs/{id}/events", tag = "runs", operation_id = "followRun",
    params(
        ("id" = uuid::Uuid, Path, description = "The run"),
        ("after" = Option<u64>, Query, description = "Begin after the event of this number"),
        ("Last-Event-ID" = Option<u64>, Header, description = "The same; wins over `after`"),
    ),
    responses(
        (status = 200, description = "The events", content_type = "text/event-stream", body = wire::Event),
        (status = 204, description = "Nothing follows"),
        Refused<400>, Refused<404>, Refused<422>, Refused<429>
    ))]
pub(super) async fn follow(
    State(api): State<Api>,
    peer: Peer,
    Caller(principal): Caller,
    Segments(id): Segments<RunId>,
    Asked(from): Asked<From>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let after = after(&headers, from.after.as_deref())?;
    let permit = api.streams.take(peer)?;
    let ended = find(&api, &principal, id).await?.state.is_end();
    let mut events = api.engine.reader.events(&principal, id, after);
    if ended {
        // All of it is stored, so the first event comes now or never.
        let Some(first) = events.next().await else { return Ok(StatusCode::NO_CONTENT.into_response()) };
        events = stream::once(async { first }).chain(events).boxed();
    }
    Ok(respond(&api, events, permit))
}

fn respond(api: &Api, events: Events, permit: Permit) -> Response {
    let events = holding(permit, events).take_until(api.draining.clone().cancelled_owned()).scan((), told);
    let keep_alive = KeepAlive::new().interval(api.settings.keep_alive);
    (HEADERS, Sse::new(events).keep_alive(keep_alive)).into_response()
}

/// A stream of events that keeps itself alive.
pub(super) fn streamed(events: BoxStream<'static, Result<sse::Event, Infallible>>) -> Response {
    (HEADERS, Sse::new(events)).into_response()
}

/// An event as it is sent. A fault ends the stream; the client comes back.
fn told(
    (): &mut (),
    event: Result<Event, EngineError>,
) -> std::future::Ready<Option<Result<sse::Event, Infallible>>> {
    let sent = event.map_err(|error| Chain(&error).to_string()).and_then(|event| {
        let event = wire::Event::try_from(event).map_err(|error| error.to_string())?;
        let sent = sse::Event::default().id(event.sequence.to_string()).event(&event.kind).json_data(&event);
        sent.map_err(|error| error.to_string())
    });
    if let Err(error) = &sent {
        tracing::error!(error, "a stream of events breaks off");
    }
    std::future::ready(sent.ok().map(Ok))
}

fn after(headers: &HeaderMap, after: Option<&str>) -> Result<u64, Refusal> {
    let number = |kind, name: &str, text: Option<&str>| {
        let number = text.and_then(|text| text.trim().parse().ok());
        number.ok_or_else(|| Refusal::new(kind, format!("`{name}` is the number of an event")).at(name))
    };
    match (headers.get("last-event-id"), after) {
        (Some(last), _) => number(ProblemKind::InvalidHeader, "Last-Event-ID", last.to_str().ok()),
        (None, Some(after)) => number(ProblemKind::ParamsInvalid, "after", Some(after)),
        (None, None) => Ok(0),
    }
}
