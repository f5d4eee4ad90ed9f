//! The audit log on the wire.

use serde::{Deserialize, Serialize};
use simulay_model as model;
use utoipa::ToSchema;

/// A record of the audit log. With its fields in this order and `null` for what is absent, `hash` is the SHA-256 of the
/// record without it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AuditRecord {
    /// The encoding that the hash is of.
    #[schema(example = 1)]
    pub format: u32,
    /// Its place: from 1, without gaps.
    pub sequence: u64,
    /// When, UTC.
    #[schema(example = "2026-01-02T03:04:05.500000Z")]
    pub at: String,
    /// Who asked; none when nobody was known, or the host itself did it.
    pub account: Option<String>,
    /// What the account might do then.
    pub role: Option<String>,
    /// How it came.
    #[schema(example = "rest from 127.0.0.1")]
    pub via: String,
    /// The id of the request.
    pub request: Option<String>,
    /// What was asked for.
    #[schema(example = "run_created")]
    pub action: String,
    /// What it was done to.
    pub subject: Option<String>,
    /// `done`, `refused`, or `unknown` when it may be done or not.
    #[schema(example = "done")]
    pub result: String,
    /// The kind of the problem that was answered.
    pub problem: Option<String>,
    /// What else there is to say.
    pub detail: Option<String>,
    /// The hash of the record before; none in the first.
    pub previous: Option<String>,
    /// The hash of all of the above.
    pub hash: String,
}

/// A page of the audit log, from the oldest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AuditList {
    /// The records.
    pub records: Vec<AuditRecord>,
    /// `after` of the next page; none on the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_after: Option<u64>,
}

impl From<model::AuditRecord> for AuditRecord {
    fn from(record: model::AuditRecord) -> Self {
        Self {
            format: record.format,
            sequence: record.sequence,
            at: record.at,
            account: record.account,
            role: record.role,
            via: record.via,
            request: record.request,
            action: record.action,
            subject: record.subject,
            result: record.result,
            problem: record.problem,
            detail: record.detail,
            previous: record.previous,
            hash: record.hash,
        }
    }
}
