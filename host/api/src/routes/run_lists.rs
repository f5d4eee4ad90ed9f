//! Runs that are looked for, and how many there are.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;
use simulay_model::{ErrorKind, Label, Principal, RunField, RunState, RunSummary};
use simulay_store::{RunFilter, RunQuery};

use super::runs::{optional, wrong};
use crate::ApiSettings;
use crate::caller::Caller;
use crate::extract::{Asked, Pipeline};
use crate::problem::{Refusal, Refused};
use crate::state::Api;
use crate::wire;

const USUAL_PAGE: u32 = 20;
/// The most fields that are told of each run.
const MOST_FIELDS: usize = 16;
/// The most labels that are asked for together.
const MOST_LABELS: usize = 16;
/// The most bytes of a part of a name.
const MOST_OF_NAME: usize = 800;
/// As far as runs are counted.
const MOST_COUNTED: usize = 10_000;

/// Which runs to list. Texts, so that what does not fit is refused by name.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Filter {
    pipeline: Option<String>,
    version: Option<String>,
    state: Option<String>,
    error: Option<String>,
    created_after: Option<String>,
    created_before: Option<String>,
    sweep: Option<String>,
    label: Option<String>,
    name: Option<String>,
    fields: Option<String>,
    total: Option<String>,
    limit: Option<String>,
    cursor: Option<String>,
}

impl Filter {
    fn query(&self) -> Result<RunQuery, Refusal> {
        let before = optional("cursor", self.cursor.as_deref())?;
        let limit = optional("limit", self.limit.as_deref())?.unwrap_or(USUAL_PAGE);
        if !(1..=ApiSettings::MAX_PAGE).contains(&limit) {
            return Err(wrong("limit", &format!("between 1 and {}", ApiSettings::MAX_PAGE)));
        }
        Ok(RunQuery { filter: self.runs()?, before, limit })
    }

    fn runs(&self) -> Result<RunFilter, Refusal> {
        Ok(RunFilter {
            pipeline: optional("pipeline", self.pipeline.as_deref())?,
            version: optional("version", self.version.as_deref())?,
            states: several::<RunState>("state", self.state.as_deref())?,
            errors: several::<ErrorKind>("error", self.error.as_deref())?,
            created_from: optional::<Timestamp>("created_after", self.created_after.as_deref())?,
            created_before: optional::<Timestamp>("created_before", self.created_before.as_deref())?,
            sweep: optional("sweep", self.sweep.as_deref())?,
            labels: labels(self.label.as_deref().unwrap_or_default())?,
            name: self.part_of_name()?,
        })
    }

    fn part_of_name(&self) -> Result<Option<String>, Refusal> {
        match self.name.as_deref() {
            Some(name) if name.len() > MOST_OF_NAME => Err(wrong("name", "at most 800 bytes")),
            Some(name) if name.contains(char::is_control) => Err(wrong("name", "no control characters")),
            name => Ok(name.filter(|name| !name.is_empty()).map(str::to_owned)),
        }
    }

    fn fields(&self) -> Result<Vec<RunField>, Refusal> {
        let fields = several("fields", self.fields.as_deref())?;
        if fields.len() > MOST_FIELDS {
            return Err(wrong("fields", &format!("at most {MOST_FIELDS}")));
        }
        Ok(fields)
    }

    fn counts(&self) -> Result<bool, Refusal> {
        let total: Option<bool> = optional("total", self.total.as_deref())?;
        Ok(total.unwrap_or_default())
    }
}

/// What stands between commas; each once.
fn several<T>(name: &str, text: Option<&str>) -> Result<Vec<T>, Refusal>
where
    T: std::str::FromStr<Err: ToString> + PartialEq,
{
    let mut all = Vec::new();
    for text in text.unwrap_or_default().split(',').filter(|text| !text.is_empty()) {
        let one = text.parse().map_err(|rule: T::Err| wrong(name, &rule.to_string()))?;
        if !all.contains(&one) {
            all.push(one);
        }
    }
    Ok(all)
}

/// Labels between commas. What has no equals sign is more of the value before: no key has a comma in it.
fn labels(text: &str) -> Result<Vec<Label>, Refusal> {
    let mut texts = Vec::<String>::new();
    for part in text.split(',').filter(|_| !text.is_empty()) {
        match texts.last_mut().filter(|_| !part.contains('=')) {
            Some(before) => *before = format!("{before},{part}"),
            None => texts.push(part.to_owned()),
        }
    }
    if texts.len() > MOST_LABELS {
        return Err(wrong("label", &format!("at most {MOST_LABELS}")));
    }
    let label = |text: &String| {
        text.parse().map_err(|rule: simulay_model::LabelError| wrong("label", &rule.to_string()))
    };
    texts.iter().map(label).collect()
}

/// List runs
///
/// From the newest to the oldest, without their parameters and reports. All filters hold together.
#[utoipa::path(get, path = "/v1/runs", tag = "runs", operation_id = "listRuns",
    params(
        ("pipeline" = Option<String>, Query, description = "Only of this pipeline"),
        ("version" = Option<String>, Query, description = "Only of this version"),
        ("state" = Option<Vec<wire::RunState>>, Query, style = Form, explode = false,
            description = "Only in one of these states, by commas"),
        ("error" = Option<Vec<wire::RunErrorKind>>, Query, style = Form, explode = false,
            description = "Only those that ended with an error of one of these kinds, by commas"),
        ("created_after" = Option<String>, Query, description = "Only those accepted at this time (RFC 3339) or later"),
        ("created_before" = Option<String>, Query, description = "Only those accepted before this time (RFC 3339)"),
        ("sweep" = Option<uuid::Uuid>, Query, description = "Only points of this sweep"),
        ("label" = Option<String>, Query,
            description = "Only those with this label, `key=value`; several by commas, all of which a run has"),
        ("name" = Option<String>, Query,
            description = "Only those whose name has this in it, in capitals or not"),
        ("fields" = Option<String>, Query,
            description = "At most 16 of `params:/json/pointer` and `outcome:/json/pointer`, by commas: told of each run \
                as `values`"),
        ("total" = Option<bool>, Query, description = "Tells how many there are on all pages, as far as 10000"),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 100, description = "Runs per page; 20 when absent"),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before"),
    ),
    responses((status = 200, description = "A page of runs", body = wire::RunList), Refused<422>))]
pub(super) async fn list(
    State(api): State<Api>,
    Caller(principal): Caller,
    Asked(filter): Asked<Filter>,
) -> Result<Json<wire::RunList>, Refusal> {
    let (query, fields, counts) = (filter.query()?, filter.fields()?, filter.counts()?);
    let (page, meant) = (query.limit as usize, query.filter.clone());
    // One more than asked for tells whether another page follows.
    let query = RunQuery { limit: query.limit + 1, ..query };
    let mut runs = api.engine.reader.runs(&principal, query).await?;
    let more = runs.len() > page;
    runs.truncate(page);
    let next_cursor = runs.last().filter(|_| more).map(|run| run.id.to_string());
    let runs = with_values(&api, &principal, runs, fields).await?;
    let total = if counts { Some(total(&api, &principal, &meant).await?) } else { None };
    Ok(Json(wire::RunList { runs, next_cursor, total }))
}

async fn total(api: &Api, principal: &Principal, filter: &RunFilter) -> Result<wire::RunTotal, Refusal> {
    let counted = api.engine.overview.count(principal, filter, MOST_COUNTED + 1).await?;
    Ok(wire::RunTotal { count: counted.min(MOST_COUNTED) as u64, at_least: counted > MOST_COUNTED })
}

async fn with_values(
    api: &Api,
    principal: &Principal,
    runs: Vec<RunSummary>,
    fields: Vec<RunField>,
) -> Result<Vec<wire::RunSummary>, Refusal> {
    if fields.is_empty() {
        return Ok(runs.into_iter().map(Into::into).collect());
    }
    let ids = runs.iter().map(|run| run.id).collect();
    let mut found = api.engine.overview.values(principal, ids, fields.clone()).await?;
    let told = |run: RunSummary| {
        let mut values = found.remove(&run.id).unwrap_or_default().into_iter();
        let values: BTreeMap<String, Value> =
            fields.iter().map(|field| (field.to_string(), values.next().unwrap_or_default())).collect();
        wire::RunSummary { values: Some(values), ..run.into() }
    };
    Ok(runs.into_iter().map(told).collect())
}

/// Which runs to count.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Counted {
    since: Option<String>,
    pipeline: Option<String>,
}

/// Count runs
///
/// How many wait and are at work, and how many ended in each way since a time, or ever.
#[utoipa::path(get, path = "/v1/runs/counts", tag = "runs", operation_id = "countRuns",
    params(
        ("since" = Option<String>, Query, description = "Of those that ended, only at this time (RFC 3339) or later"),
        ("pipeline" = Option<String>, Query, description = "Only of this pipeline"),
    ),
    responses((status = 200, description = "The counts", body = wire::RunCounts), Refused<422>))]
pub(super) async fn counts(
    State(api): State<Api>,
    Caller(principal): Caller,
    Asked(Counted { since, pipeline }): Asked<Counted>,
) -> Result<Json<wire::RunCounts>, Refusal> {
    let since: Option<Timestamp> = optional("since", since.as_deref())?;
    let pipeline = optional("pipeline", pipeline.as_deref())?;
    let counts = api.engine.overview.tally(&principal, pipeline.as_ref(), since).await?;
    Ok(Json(counts.into()))
}

/// Estimate a run
///
/// How long a run of this version may take, by your last ones that succeeded: without the time it waits for its turn.
#[utoipa::path(get, path = "/v1/pipelines/{pipeline}/estimate", tag = "pipelines", operation_id = "estimateRun",
    params(("pipeline" = String, Path, description = "`name` for the latest version, or `name@version`")),
    responses((status = 200, description = "The estimate", body = wire::Estimate), Refused<404>))]
pub(super) async fn estimate(
    State(api): State<Api>,
    Caller(principal): Caller,
    Pipeline(selector): Pipeline,
) -> Result<Json<wire::Estimate>, Refusal> {
    let estimate = api.engine.overview.estimate(&principal, &selector).await?;
    estimate.map(|estimate| Json(estimate.into())).ok_or_else(|| Refusal::not_found("pipeline"))
}
