//! What changes, as it changes, for who has lists and counts before him.

use std::convert::Infallible;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use axum::response::sse::Event;
use futures_util::StreamExt as _;
use futures_util::stream::{self, BoxStream};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use simulay_engine::{Cursor, EngineError, News};
use simulay_model::Chain;
use tokio::time::Instant;

use super::events::streamed;
use crate::address_limit::Peer;
use crate::caller::Caller;
use crate::concurrency::holding;
use crate::extract::Asked;
use crate::problem::{Refusal, Refused};
use crate::state::Api;
use crate::wire::{Heartbeat, PluginNews, ProblemKind, Readiness, RunNews, UploadNews};

/// Where to begin.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Begin {
    after: Option<String>,
}

/// What happens while a stream is open.
enum Happening {
    News(Cursor, News),
    Beat,
    Readiness(Readiness),
    Broken(EngineError),
    Over,
}

/// Follow everything
///
/// Server-sent events, of what you may see: `run` with a `RunNews` document, `plugin` with a `PluginNews`, `upload` with an
/// `UploadNews`, `system` with a `Readiness` when that changes, and every 15 seconds `heartbeat`. The first comes at once,
/// and is a heartbeat: read your lists after it, and you miss nothing. Events tell states: of each run and version that
/// changed the last one, at least once; what lies between two may be left out, and one may come twice. `id` is a cursor:
/// who comes back with it as `Last-Event-ID` or `after`, to whichever server, hears of all that changed since. When that
/// is not known, or too much, the answer is 410: read the lists anew and begin without a cursor. What happens within a run
/// is told by its own stream.
#[utoipa::path(get, path = "/v1/events", tag = "system", operation_id = "followAll",
    params(
        ("after" = Option<String>, Query, description = "Begin after the event of this `id`; now when absent"),
        ("Last-Event-ID" = Option<String>, Header, description = "The same; wins over `after`"),
    ),
    responses(
        (status = 200, description = "The events", content_type = "text/event-stream", body = RunNews),
        Refused<400>, Refused<410>, Refused<422>, Refused<429>
    ))]
pub(super) async fn follow(
    State(api): State<Api>,
    peer: Peer,
    Caller(principal): Caller,
    Asked(Begin { after: begin }): Asked<Begin>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let after = after(&headers, begin.as_deref())?;
    let permit = api.streams.take(peer)?;
    let (begin, news) = api.engine.reader.news(&principal, after).await?;
    let news = news.map(|news| match news {
        Ok((cursor, news)) => Happening::News(cursor, news),
        Err(error) => Happening::Broken(error),
    });
    // The others go on for ever.
    let news = news.chain(stream::once(std::future::ready(Happening::Over)));
    let all = stream::select(news, stream::select(beats(&api), readiness(&api)));
    let first = stream::once(std::future::ready(Happening::Beat));
    let all = first.chain(all).take_until(api.draining.clone().cancelled_owned());
    let events = all.scan(begin, told);
    Ok(streamed(holding(permit, events).boxed()))
}

/// One each time nothing may have been heard for a while.
fn beats(api: &Api) -> BoxStream<'static, Happening> {
    let period = api.settings.keep_alive;
    let beat = move || async move {
        tokio::time::sleep(period).await;
        Happening::Beat
    };
    stream::repeat_with(beat).then(|beat| beat).boxed()
}

/// Whether the server takes work, at first and when that changes.
fn readiness(api: &Api) -> BoxStream<'static, Happening> {
    let (lacks, period) = (api.lacks.clone(), api.settings.keep_alive);
    let looks = stream::unfold((lacks, Instant::now()), move |(lacks, at)| async move {
        tokio::time::sleep_until(at).await;
        let found = Readiness::of(lacks.lately().await);
        Some((found, (lacks, Instant::now() + period)))
    });
    let changes = looks.scan(None::<Readiness>, |before, found| {
        let changed = before.as_ref() != Some(&found);
        *before = Some(found.clone());
        std::future::ready(Some(changed.then_some(found)))
    });
    changes.filter_map(std::future::ready).map(Happening::Readiness).boxed()
}

/// What happens as it is sent. A fault ends the stream; the client comes back.
fn told(cursor: &mut Cursor, happening: Happening) -> std::future::Ready<Option<Result<Event, Infallible>>> {
    let event = match happening {
        Happening::News(at, news) => {
            *cursor = at;
            match news {
                News::Run(run) => event("run", RunNews::from(*run)),
                News::Plugin(plugin) => event("plugin", PluginNews::from(*plugin)),
                News::Upload(progress) => event("upload", UploadNews::from(progress)),
            }
        }
        Happening::Beat => event("heartbeat", Heartbeat { at: Timestamp::now() }),
        Happening::Readiness(readiness) => event("system", readiness),
        Happening::Over => return std::future::ready(None),
        Happening::Broken(error) => Err(Chain(&error).to_string()),
    };
    if let Err(error) = &event {
        tracing::error!(error, "a stream of news breaks off");
    }
    std::future::ready(event.ok().map(|event| Ok(event.id(cursor.to_string()))))
}

fn event(kind: &str, document: impl Serialize) -> Result<Event, String> {
    Event::default().event(kind).json_data(document).map_err(|error| error.to_string())
}

fn after(headers: &HeaderMap, after: Option<&str>) -> Result<Option<Cursor>, Refusal> {
    let cursor = |kind, name: &str, text: Option<&str>| {
        let cursor = text.and_then(|text| text.trim().parse().ok()).map(Some);
        let wrong =
            || Refusal::new(kind, format!("`{name}` is the `id` of an event of this stream")).at(name);
        cursor.ok_or_else(wrong)
    };
    match (headers.get("last-event-id"), after) {
        (Some(last), _) => cursor(ProblemKind::InvalidHeader, "Last-Event-ID", last.to_str().ok()),
        (None, Some(after)) => cursor(ProblemKind::ParamsInvalid, "after", Some(after)),
        (None, None) => Ok(None),
    }
}
