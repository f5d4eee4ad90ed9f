//! What accounts use.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;

use simulay_model::Scope;

use crate::caller::Caller;
use crate::extract::Asked;
use crate::problem::{Refusal, Refused};
use crate::state::Api;
use crate::wire::{ProblemKind, UsageReport};

/// Of which account, and when.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    month: Option<String>,
    account: Option<String>,
}

/// Show what an account used
///
/// In a month, by days of UTC; and what it may use, with what it uses now. Your own, and for operators that of
/// every account.
#[utoipa::path(get, path = "/v1/usage", tag = "system", operation_id = "showUsage",
    params(
        ("month" = Option<String>, Query, description = "Year and month, e.g. `2026-11`; this month when there is none"),
        ("account" = Option<String>, Query, description = "The account; your own when there is none"),
    ),
    responses((status = 200, description = "What was used", body = UsageReport), Refused<404>, Refused<422>))]
pub(super) async fn show(
    State(api): State<Api>,
    Asked(wanted): Asked<Wanted>,
    Caller(principal): Caller,
) -> Result<Json<UsageReport>, Refusal> {
    if principal.scope != Scope::All {
        let detail = "what an account used is not told to a token for less than the account";
        return Err(Refusal::new(ProblemKind::Forbidden, detail));
    }
    let month = wanted.month.map(|month| month.parse().map_err(|rule| wrong("month", &rule))).transpose()?;
    // What is no name of an account is that of none.
    let account = wanted.account.map(|name| name.parse().map_err(|_| unknown())).transpose()?;
    Ok(Json(api.engine.meter.usage(&principal, account, month).await?.into()))
}

fn wrong(name: &str, rule: &simulay_model::MonthError) -> Refusal {
    Refusal::new(ProblemKind::ParamsInvalid, format!("`{name}`: {rule}")).at(name)
}

fn unknown() -> Refusal {
    Refusal::not_found("object")
}
