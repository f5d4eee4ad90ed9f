//! Plots of a run: as few points as a screen shows, or all of them.

mod columns;

use std::convert::Infallible;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::{Stream, StreamExt as _, stream};
use serde::Deserialize;
use simulay_model::curve::{LEAST_POINTS, Window};
use simulay_model::{Plot, Principal, RunId};
use strum::{EnumString, IntoStaticStr};

use super::runs::{find, optional, wrong};
use crate::accept::preferred;
use crate::address_limit::Peer;
use crate::caller::Caller;
use crate::concurrency::{Permit, holding};
use crate::disposition::attachment;
use crate::extract::{Asked, Segments};
use crate::problem::{Refusal, Refused};
use crate::range::is_known;
use crate::state::Api;
use crate::wire::{PlotCurves, PlotList, PlotSummary, ProblemKind};

/// Points of a curve unless asked for otherwise, and at most.
const USUAL_POINTS: usize = 2_000;
const MOST_POINTS: usize = 100_000;
/// Points of all curves of a plot, at most: as JSON they are held in memory.
const MOST_OF_ALL: usize = 1_000_000;
/// Bytes that are sent at once.
const PIECE: usize = 64 << 10;
/// Characters of a title that are in the name of a file.
const MOST_NAME: usize = 100;
/// An ended run never changes, but who may look at it does: each time the server is asked.
const ASKED_FOR: &str = "private, no-cache";

/// How a plot is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, EnumString, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
enum Format {
    Json,
    Csv,
    Float64,
}

impl Format {
    const ALL: [Self; 3] = [Self::Json, Self::Csv, Self::Float64];

    const fn media_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Csv => "text/csv",
            Self::Float64 => "application/octet-stream",
        }
    }

    /// The one that was named, or that the client wants most.
    fn wanted(named: Option<&str>, headers: &HeaderMap) -> Result<Self, Refusal> {
        if let Some(named) = named {
            return named.parse().map_err(|_| wrong("format", "`json`, `csv` or `float64`"));
        }
        let offered = Self::ALL.map(Self::media_type);
        let chosen = preferred(headers, &offered);
        let format = Self::ALL.into_iter().find(|format| chosen == Some(format.media_type()));
        let detail = format!("this route answers with {}", offered.map(|it| format!("`{it}`")).join(", "));
        format.ok_or_else(|| Refusal::new(ProblemKind::NotAcceptable, detail).at("Accept"))
    }
}

/// What of a plot to show. Texts, so that what does not fit is refused by name.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct View {
    from: Option<String>,
    to: Option<String>,
    points: Option<String>,
    format: Option<String>,
}

impl View {
    fn window(&self) -> Result<Window, Refusal> {
        let end = |name, text: &Option<String>| {
            let number: Option<f64> = optional(name, text.as_deref())?;
            match number {
                Some(number) if !number.is_finite() => Err(wrong(name, "a number")),
                other => Ok(other),
            }
        };
        let from = end("from", &self.from)?.unwrap_or(Window::ALL.from);
        let to = end("to", &self.to)?.unwrap_or(Window::ALL.to);
        if from > to { Err(wrong("to", "not below `from`")) } else { Ok(Window { from, to }) }
    }

    fn points(&self) -> Result<usize, Refusal> {
        let points = optional("points", self.points.as_deref())?.unwrap_or(USUAL_POINTS);
        if (LEAST_POINTS..=MOST_POINTS).contains(&points) {
            return Ok(points);
        }
        Err(wrong("points", &format!("between {LEAST_POINTS} and {MOST_POINTS}")))
    }

    /// Refuses what only a part of the points could answer.
    fn check_whole(&self) -> Result<(), Refusal> {
        let given = [("from", &self.from), ("to", &self.to), ("points", &self.points)];
        match given.into_iter().find(|(_, value)| value.is_some()) {
            Some((name, _)) => Err(wrong(name, "is for JSON; every point is told otherwise")),
            None => Ok(()),
        }
    }
}

/// List the plots of a run
///
/// Without their numbers. A run that has not succeeded has none.
#[utoipa::path(get, path = "/v1/runs/{id}/plots", tag = "runs", operation_id = "listPlots",
    params(
        ("id" = uuid::Uuid, Path, description = "The run"),
        ("If-None-Match" = Option<String>, Header, description = "`ETag` of a copy that the client has"),
    ),
    responses(
        (status = 200, description = "The plots", body = PlotList,
            headers(("ETag" = Option<String>, description = "Once the run has ended"))),
        (status = 304, description = "The client has it already"),
        Refused<404>
    ))]
pub(super) async fn list(
    State(api): State<Api>,
    Caller(principal): Caller,
    Segments(id): Segments<RunId>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let ended = find(&api, &principal, id).await?.state.is_end();
    let kept = if ended { described(&format!("{id}-plots"))? } else { HeaderMap::new() };
    if is_unchanged(&headers, &kept) {
        return Ok((StatusCode::NOT_MODIFIED, kept).into_response());
    }
    let summaries = |plots: Vec<Plot>| {
        plots.iter().enumerate().map(|(number, plot)| PlotSummary::new(number, plot)).collect()
    };
    let plots = api.engine.reader.look_at_plots(&principal, id, summaries).await?;
    let plots = plots.ok_or_else(|| Refusal::not_found("run"))?;
    Ok((kept, Json(PlotList { plots })).into_response())
}

/// Show a plot of a run
///
/// As JSON: each curve between `from` and `to` by at most `points` points. When there are more, those with the least
/// and the greatest values of each part stay, so that no peak is lost; the points next to the ends are told too, so that
/// lines reach them. As CSV: every point, a column for each quantity with its unit in the header. As float64: every
/// point as little-endian numbers, first all of the abscissa, then all of each series, in the order of the list.
#[utoipa::path(get, path = "/v1/runs/{id}/plots/{plot}", tag = "runs", operation_id = "showPlot",
    params(
        ("id" = uuid::Uuid, Path, description = "The run"),
        ("plot" = usize, Path, description = "Number of the plot, from 0"),
        ("from" = Option<f64>, Query, description = "The abscissa to begin with; JSON only, like `to` and `points`"),
        ("to" = Option<f64>, Query, description = "The abscissa to end with"),
        ("points" = Option<u32>, Query, minimum = 10, maximum = 100_000,
            description = "The most points of each curve; 2000 when absent"),
        ("format" = Option<String>, Query, description = "`json`, `csv` or `float64`, for who cannot send `Accept`"),
        ("Accept" = Option<String>, Header,
            description = "`application/json`, `text/csv` or `application/octet-stream`"),
        ("If-None-Match" = Option<String>, Header, description = "`ETag` of a copy that the client has"),
    ),
    responses(
        (status = 200, description = "The plot", content((PlotCurves = "application/json"), (String = "text/csv"),
            (String = "application/octet-stream")), headers(("ETag" = String))),
        (status = 304, description = "The client has it already"),
        Refused<404>, Refused<406>, Refused<422>, Refused<429>
    ))]
pub(super) async fn show(
    State(api): State<Api>,
    peer: Peer,
    Caller(principal): Caller,
    Segments((id, number)): Segments<(RunId, usize)>,
    Asked(view): Asked<View>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let format = Format::wanted(view.format.as_deref(), &headers)?;
    if format != Format::Json {
        view.check_whole()?;
    }
    let (window, points) = (view.window()?, view.points()?);
    if !find(&api, &principal, id).await?.state.is_end() {
        return Err(no_plot());
    }
    let name: &str = format.into();
    let kept = described(&format!("{id}-{number}-{name}-{}-{}-{points}", window.from, window.to))?;
    let (plot, permit) = (PlotOf { api: &api, principal, id, number }, api.plots.take(peer)?);
    if is_unchanged(&headers, &kept) {
        plot.found(|_| ()).await?;
        return Ok((StatusCode::NOT_MODIFIED, kept).into_response());
    }
    Ok(match format {
        Format::Json => (kept, plot.curves(permit, window, points).await?).into_response(),
        Format::Csv => (kept, plot.table(permit).await?).into_response(),
        Format::Float64 => (kept, plot.numbers(permit).await?).into_response(),
    })
}

/// A plot of a run, on its way out.
struct PlotOf<'a> {
    api: &'a Api,
    principal: Principal,
    id: RunId,
    number: usize,
}

impl PlotOf<'_> {
    async fn curves(
        self,
        permit: Permit,
        window: Window,
        points: usize,
    ) -> Result<impl IntoResponse, Refusal> {
        let document = move |plot: Plot| {
            let points = points.min(share(plot.ys.len()));
            serde_json::to_vec(&PlotCurves::new(&plot, window, points))
        };
        let document = self.found(document).await?.map_err(|error| Refusal::internal(error.to_string()))?;
        let media_type = HeaderValue::from_static(Format::Json.media_type());
        let headers =
            [(header::CONTENT_TYPE, media_type), (header::CONTENT_LENGTH, HeaderValue::from(document.len()))];
        Ok((headers, body(holding(permit, pieces(document.into())))))
    }

    async fn table(self, permit: Permit) -> Result<impl IntoResponse, Refusal> {
        let number = self.number;
        let plot = self.found(|plot| plot).await?;
        let name = format!("{}.csv", file_name(&plot.title, number));
        let pieces = holding(permit, columns::csv(plot));
        Ok((file("text/csv; charset=utf-8; header=present", &name), body(pieces)))
    }

    async fn numbers(self, permit: Permit) -> Result<impl IntoResponse, Refusal> {
        let number = self.number;
        let plot = self.found(|plot| plot).await?;
        let name = format!("{}.f64", file_name(&plot.title, number));
        let length = [(header::CONTENT_LENGTH, HeaderValue::from(columns::float64_length(&plot)))];
        let pieces = holding(permit, columns::float64(plot));
        Ok((file(Format::Float64.media_type(), &name), length, body(pieces)))
    }

    /// What `look` makes of the plot.
    async fn found<T: Send + 'static>(
        self,
        look: impl FnOnce(Plot) -> T + Send + 'static,
    ) -> Result<T, Refusal> {
        let Self { api, principal, id, number } = self;
        let look =
            move |mut plots: Vec<Plot>| (number < plots.len()).then(|| look(plots.swap_remove(number)));
        let found = api.engine.reader.look_at_plots(&principal, id, look).await?.flatten();
        found.ok_or_else(no_plot)
    }
}

/// Points that each of so many curves has, at most.
fn share(curves: usize) -> usize {
    (MOST_OF_ALL / curves.max(1)).max(LEAST_POINTS)
}

/// In pieces, so that a permit is held until the last of them is on its way.
fn pieces(mut whole: Bytes) -> impl Stream<Item = Bytes> {
    let next = move || Some(whole.split_to(whole.len().min(PIECE))).filter(|piece| !piece.is_empty());
    stream::iter(std::iter::from_fn(next))
}

fn no_plot() -> Refusal {
    Refusal::not_found("plot of this run")
}

/// What is said of what never changes any more.
fn described(tag: &str) -> Result<HeaderMap, Refusal> {
    let tag =
        HeaderValue::from_str(&format!("\"{tag}\"")).map_err(|error| Refusal::internal(error.to_string()))?;
    Ok(HeaderMap::from_iter([
        (header::ETAG, tag),
        (header::CACHE_CONTROL, HeaderValue::from_static(ASKED_FOR)),
        (header::VARY, HeaderValue::from_static("Accept")),
    ]))
}

/// True when the client has what `kept` describes.
fn is_unchanged(headers: &HeaderMap, kept: &HeaderMap) -> bool {
    let tag = kept.get(header::ETAG).and_then(|tag| tag.to_str().ok());
    tag.is_some_and(|tag| is_known(headers, tag))
}

/// What is said of a file to save.
fn file(media_type: &'static str, name: &str) -> [(HeaderName, HeaderValue); 3] {
    [
        (header::CONTENT_TYPE, HeaderValue::from_static(media_type)),
        (header::CONTENT_DISPOSITION, attachment(name)),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("sandbox; default-src 'none'")),
    ]
}

fn body(pieces: impl Stream<Item = Bytes> + Send + 'static) -> Body {
    Body::from_stream(pieces.map(Ok::<_, Infallible>))
}

fn file_name(title: &str, number: usize) -> String {
    let title: String = title.chars().take(MOST_NAME).collect();
    if title.trim().is_empty() { format!("plot-{number}") } else { title }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_curves_share_what_is_told() {
        assert!(share(0) >= MOST_POINTS && share(10) >= MOST_POINTS);
        assert_eq!((share(1_000), share(usize::MAX)), (1_000, LEAST_POINTS));
    }

    #[tokio::test]
    async fn pieces_are_the_whole() {
        for length in [0, 1, PIECE, PIECE + 1] {
            let whole = Bytes::from(vec![1; length]);
            let parts: Vec<Bytes> = pieces(whole.clone()).collect().await;
            assert!(parts.len() == length.div_ceil(PIECE) && parts.concat() == whole);
        }
    }
}
