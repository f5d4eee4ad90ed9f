//! The audit log: what was done, by whom and from where.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use simulay_store::AuditQuery;

use super::runs::{optional, wrong};
use crate::ApiSettings;
use crate::extract::Asked;
use crate::problem::{Refusal, Refused};
use crate::state::Api;
use crate::wire::AuditList;

/// Which records to list. Texts, so that what does not fit is refused by name.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Filter {
    after: Option<String>,
    limit: Option<String>,
    account: Option<String>,
}

impl Filter {
    fn query(&self) -> Result<AuditQuery, Refusal> {
        let after = optional("after", self.after.as_deref())?.unwrap_or(0);
        let limit = optional("limit", self.limit.as_deref())?.unwrap_or(ApiSettings::MAX_PAGE);
        if !(1..=ApiSettings::MAX_PAGE).contains(&limit) {
            return Err(wrong("limit", &format!("between 1 and {}", ApiSettings::MAX_PAGE)));
        }
        let account = optional("account", self.account.as_deref())?;
        Ok(AuditQuery { account, ..AuditQuery::after(after, limit) })
    }
}

/// Read the audit log
///
/// Who did what, when and from where, from the oldest. Nothing changes or removes a record; `simulay audit verify` on the
/// machine of the server tells when somebody did all the same.
#[utoipa::path(get, path = "/v1/audit", tag = "system", operation_id = "listAudit",
    params(
        ("after" = Option<u64>, Query, description = "Only records after the one with this `sequence`"),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 100, description = "Records per page; 100 when absent"),
        ("account" = Option<String>, Query, description = "Only of this account"),
    ),
    responses((status = 200, description = "A page of the log", body = AuditList), Refused<422>))]
pub(super) async fn list(
    State(api): State<Api>,
    Asked(filter): Asked<Filter>,
) -> Result<Json<AuditList>, Refusal> {
    let query = filter.query()?;
    let page = query.limit as usize;
    // One more than asked for tells whether another page follows.
    let mut records = api.engine.audit.page(AuditQuery { limit: query.limit + 1, ..query }).await?;
    let more = records.len() > page;
    records.truncate(page);
    let next_after = records.last().filter(|_| more).map(|record| record.sequence);
    Ok(Json(AuditList { records: records.into_iter().map(Into::into).collect(), next_after }))
}
