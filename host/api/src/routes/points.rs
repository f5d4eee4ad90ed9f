//! The points of a sweep: as JSON by pages, as CSV all of them.

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse as _, Response};
use futures_util::{TryStreamExt as _, stream};
use serde::Deserialize;
use serde_json::Value;
use simulay_model::{Principal, RunField, SweepId};

use super::runs::{optional, wrong};
use super::sweeps::limit;
use crate::accept;
use crate::caller::Caller;
use crate::csv;
use crate::extract::{Asked, Segments};
use crate::problem::{Refusal, Refused};
use crate::state::Api;
use crate::wire::{self, ProblemKind};

const CSV: &str = "text/csv";
const JSON: &str = "application/json";
/// The most points of a page.
const MOST: u32 = 1000;
/// Points of which a table is made at once.
const AT_ONCE: u32 = 200;
/// The most places in outcomes that are asked for.
const MOST_OUTCOMES: usize = 16;

/// Which points to list. Texts, so that what does not fit is refused by name.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Filter {
    outcomes: Option<String>,
    limit: Option<String>,
    cursor: Option<String>,
}

impl Filter {
    /// The places in outcomes that are asked for.
    fn outcomes(&self) -> Result<Vec<String>, Refusal> {
        let asked = self.outcomes.as_deref().unwrap_or_default();
        let pointers: Vec<_> = asked.split(',').filter(|text| !text.is_empty()).map(str::to_owned).collect();
        if pointers.len() > MOST_OUTCOMES || fields(&pointers).len() != pointers.len() {
            let rule = format!("at most {MOST_OUTCOMES} JSON Pointers with commas between them");
            return Err(wrong("outcomes", &rule));
        }
        Ok(pointers)
    }
}

/// Those of the places that are JSON Pointers, as fields of runs.
fn fields(pointers: &[String]) -> Vec<RunField> {
    let fields = pointers.iter().filter(|pointer| pointer.starts_with('/'));
    fields.filter_map(|pointer| format!("outcome:{pointer}").parse().ok()).collect()
}

/// List the points of a sweep
///
/// In their order, with the newest run of each. With `Accept: text/csv` all of them come as one table.
#[utoipa::path(get, path = "/v1/sweeps/{id}/points", tag = "sweeps", operation_id = "listSweepPoints",
    params(
        ("id" = uuid::Uuid, Path, description = "The sweep"),
        ("outcomes" = Option<String>, Query,
            description = "At most 16 JSON Pointers to scalars of the outcome, with commas between them"),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 1000, description = "Points per page; 20 when absent"),
        ("cursor" = Option<String>, Query, description = "`next_cursor` of the page before"),
        ("Accept" = Option<String>, Header, description = "`application/json`, or `text/csv` for all of them"),
    ),
    responses(
        (status = 200, description = "A page of points, or all of them as a table", content(
            (wire::PointList = "application/json"), (String = "text/csv"))),
        Refused<404>, Refused<406>, Refused<422>
    ))]
pub(super) async fn list(
    State(api): State<Api>,
    Caller(principal): Caller,
    Segments(id): Segments<SweepId>,
    Asked(filter): Asked<Filter>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    // Whoever does not see the sweep is not told what is wrong with the question.
    api.engine.sweeps.sweep(&principal, id).await?.ok_or_else(|| Refusal::not_found("sweep"))?;
    let outcomes = filter.outcomes()?;
    match accept::preferred(&headers, &[JSON, CSV]) {
        Some(JSON) => {}
        Some(_) => return table(api, principal, id, outcomes).await,
        None => {
            let detail = format!("this route answers with `{JSON}` and `{CSV}`");
            return Err(Refusal::new(ProblemKind::NotAcceptable, detail).at("Accept"));
        }
    }
    let limit = limit(filter.limit.as_deref(), MOST)?;
    let from = optional("cursor", filter.cursor.as_deref())?.unwrap_or(0);
    let page = api.engine.sweeps.points(&principal, id, from, limit, &fields(&outcomes)).await?;
    Ok(Json(wire::PointList::new(page, &outcomes)).into_response())
}

/// All points as they are found while they are sent.
async fn table(
    api: Api,
    principal: Principal,
    id: SweepId,
    outcomes: Vec<String>,
) -> Result<Response, Refusal> {
    // What is wrong with the request is told before the first line.
    let first = page(&api, &principal, id, 0, &outcomes).await?;
    let parameters: Vec<String> = first.parameters.iter().map(ToString::to_string).collect();
    let names = parameters.iter().chain(&outcomes).map(String::as_str);
    let head = csv::line(["point", "state", "run"].into_iter().chain(names).chain(["error"]).map(csv::text));
    let head = head.into_bytes();
    let rest = Rest { api, principal, id, outcomes, parameters, head, page: Some(first) };
    let broken = |refusal: Refusal| std::io::Error::other(format!("{:?}", refusal.kind()));
    let body = Body::from_stream(stream::try_unfold(rest, Rest::next).map_err(broken));
    let disposition = format!("attachment; filename=\"sweep-{id}.csv\"");
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (header::CONTENT_DISPOSITION, disposition),
    ];
    Ok((headers, body).into_response())
}

/// What is still to be sent of a table.
struct Rest {
    api: Api,
    principal: Principal,
    id: SweepId,
    outcomes: Vec<String>,
    parameters: Vec<String>,
    head: Vec<u8>,
    page: Option<wire::PointList>,
}

impl Rest {
    async fn next(mut self) -> Result<Option<(Bytes, Self)>, Refusal> {
        let Some(found) = self.page.take() else { return Ok(None) };
        let mut text = std::mem::take(&mut self.head);
        for point in &found.points {
            text.extend_from_slice(row(point, &self.parameters, &self.outcomes).as_bytes());
        }
        if let Some(from) = found.next_cursor.and_then(|cursor| cursor.parse().ok()) {
            let next = page(&self.api, &self.principal, self.id, from, &self.outcomes).await?;
            self.page = Some(next);
        }
        Ok(Some((Bytes::from(text), self)))
    }
}

async fn page(
    api: &Api,
    principal: &Principal,
    id: SweepId,
    from: u32,
    outcomes: &[String],
) -> Result<wire::PointList, Refusal> {
    let page = api.engine.sweeps.points(principal, id, from, AT_ONCE, &fields(outcomes)).await?;
    Ok(wire::PointList::new(page, outcomes))
}

fn row(point: &wire::Point, parameters: &[String], outcomes: &[String]) -> String {
    let run = point.run.map(|run| run.to_string()).unwrap_or_default();
    let values = parameters.iter().map(|pointer| cell(point.values.get(pointer)));
    let outcomes = outcomes.iter().map(|pointer| cell(point.outcomes.get(pointer)));
    let error = point.error.as_ref().map(|error| csv::text(&error.message)).unwrap_or_default();
    let first = [point.point.to_string(), point.state.to_string(), run].into_iter();
    csv::line(first.chain(values).chain(outcomes).chain([error]))
}

/// Numbers and truth as JSON, everything else as text.
fn cell(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => csv::text(text),
        Some(value @ (Value::Bool(_) | Value::Number(_))) => value.to_string(),
        Some(value) => csv::text(&value.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn no_cell_is_a_formula_or_more_than_a_cell() {
        for (value, expected) in [
            (json!("=1+1"), "\"'=1+1\""),
            (json!("a,\"b\""), "\"a,\"\"b\"\"\""),
            (json!(-1.5), "-1.5"),
            (json!(true), "true"),
            (Value::Null, ""),
            (json!(["a", 1]), "\"[\"\"a\"\",1]\""),
        ] {
            assert_eq!(cell(Some(&value)), expected);
        }
    }
}
