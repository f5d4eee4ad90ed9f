//! Runs side by side.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use simulay_engine::Compared;
use simulay_model::RunId;

use super::runs::{optional, wrong};
use crate::caller::Caller;
use crate::extract::Asked;
use crate::problem::{Refusal, Refused};
use crate::state::Api;
use crate::wire::Comparison;

/// Runs that are compared at once.
const MOST_RUNS: usize = 20;
/// Points of a curve that are compared, unless asked for otherwise, and at most.
const USUAL_POINTS: usize = 500;
const MOST_POINTS: usize = 1_000;
const LEAST_POINTS: usize = 10;

/// What to compare. Texts, so that what does not fit is refused by name.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Query {
    runs: Option<String>,
    base: Option<String>,
    all: Option<String>,
    tolerance: Option<String>,
    points: Option<String>,
}

impl Query {
    fn compared(&self) -> Result<Compared, Refusal> {
        let runs = runs(self.runs.as_deref().unwrap_or_default())?;
        let base = optional("base", self.base.as_deref())?.or(runs.first().copied());
        let base = base.filter(|base| runs.contains(base));
        let tolerance = optional("tolerance", self.tolerance.as_deref())?.unwrap_or(0.0);
        if !(0.0..=1e300).contains(&tolerance) {
            return Err(wrong("tolerance", "a number that is not below 0, e.g. 1e-6"));
        }
        let points = optional("points", self.points.as_deref())?.unwrap_or(USUAL_POINTS);
        if !(LEAST_POINTS..=MOST_POINTS).contains(&points) {
            return Err(wrong("points", &format!("between {LEAST_POINTS} and {MOST_POINTS}")));
        }
        Ok(Compared {
            base: base.ok_or_else(|| wrong("base", "one of `runs`"))?,
            all: optional("all", self.all.as_deref())?.unwrap_or(false),
            runs,
            tolerance,
            points,
        })
    }
}

fn runs(text: &str) -> Result<Vec<RunId>, Refusal> {
    let rule = || wrong("runs", &format!("2 to {MOST_RUNS} ids of runs, with commas between, each once"));
    let ids: Vec<RunId> = text
        .split(',')
        .take(MOST_RUNS + 1)
        .map(|id| id.trim().parse().map_err(|_| rule()))
        .collect::<Result<_, _>>()?;
    let each_once =
        ids.iter().enumerate().all(|(place, id)| !ids.iter().take(place).any(|other| other == id));
    if each_once && (2..=MOST_RUNS).contains(&ids.len()) { Ok(ids) } else { Err(rule()) }
}

/// Compare runs
///
/// Versions, images, seeds, inputs, parameters, ends and outcomes as rows, and curves of one name at the abscissas of
/// the base. Runs may be of different pipelines. A curve of another unit is not compared, and its `note` says so.
#[utoipa::path(get, path = "/v1/compare", tag = "runs", operation_id = "compareRuns",
    params(
        ("runs" = String, Query, description = "2 to 20 ids of runs, with commas between"),
        ("base" = Option<uuid::Uuid>, Query, description = "The run that the others are compared with; the first when \
            absent"),
        ("all" = Option<bool>, Query, description = "Also what is the same in all runs"),
        ("tolerance" = Option<f64>, Query, minimum = 0, description = "How far a number may be from that of the base \
            before it counts as `outside`, relative to it, e.g. `1e-6`; 0 when absent"),
        ("points" = Option<u32>, Query, minimum = 10, maximum = 1000, description = "About how many points a curve \
            has; 500 when absent"),
    ),
    responses((status = 200, description = "The runs side by side", body = Comparison), Refused<404>, Refused<422>))]
pub(super) async fn show(
    State(api): State<Api>,
    Caller(principal): Caller,
    Asked(query): Asked<Query>,
) -> Result<Json<Comparison>, Refusal> {
    let compared = query.compared()?;
    for id in &compared.runs {
        let found = api.engine.reader.run_summary(&principal, *id).await?;
        found.ok_or_else(|| no_such_run(*id))?;
    }
    let comparison = api.engine.reader.compare(&principal, &compared).await?;
    Ok(Json(Comparison::new(compared.base, comparison)))
}

fn no_such_run(id: RunId) -> Refusal {
    Refusal::not_found(&format!("run as {id}")).at("runs")
}
