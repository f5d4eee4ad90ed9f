//! What accounts use, and may use.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use simulay_engine::AccountUsage;
use simulay_model as model;
use strum::IntoEnumIterator as _;
use utoipa::ToSchema;

/// What an account used in a month, and what it may use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UsageReport {
    /// Whose.
    #[schema(example = "ada")]
    pub account: String,
    /// Year and month.
    #[schema(example = "2026-11")]
    pub month: String,
    /// The days of UTC on which anything was used, in order.
    pub days: Vec<DailyUsage>,
    /// What was used in the month.
    pub total: Usage,
    /// What the account may use, and uses now, by quota.
    pub quotas: BTreeMap<String, QuotaState>,
}

/// What was used on a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DailyUsage {
    /// The day.
    #[schema(format = Date, example = "2026-11-29")]
    pub day: String,
    /// What was used.
    #[serde(flatten)]
    pub usage: Usage,
}

/// What was used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Usage {
    /// Runs that were created.
    pub runs: u64,
    /// Containers whose call ended.
    pub containers: u64,
    /// Wall time of their commands, milliseconds.
    pub container_ms: u64,
    /// Processor time of their commands, milliseconds, as far as it is known.
    pub cpu_ms: u64,
    /// Bytes that were uploaded and that the account had not uploaded before.
    pub bytes_in: u64,
    /// Bytes that calls left: their outputs, and what they printed.
    pub bytes_kept: u64,
}

/// A quota, and what is used of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct QuotaState {
    /// The most; none when there is no bound.
    pub bound: Option<u64>,
    /// What is used now; none for what is over at once, and where it is not known.
    pub used: Option<u64>,
    /// Whether it was set for this account alone.
    pub overridden: bool,
}

impl From<AccountUsage> for UsageReport {
    fn from(report: AccountUsage) -> Self {
        let mut total = model::Usage::default();
        report.days.iter().for_each(|day| total += day.usage);
        Self {
            quotas: model::Quota::iter().map(|quota| (quota.to_string(), state(&report, quota))).collect(),
            account: report.account.into(),
            month: report.month.to_string(),
            days: report.days.into_iter().map(Into::into).collect(),
            total: total.into(),
        }
    }
}

fn state(report: &AccountUsage, quota: model::Quota) -> QuotaState {
    let overridden = report.overrides.contains_key(&quota);
    QuotaState { bound: report.quotas.of(quota), used: report.present.of(quota), overridden }
}

impl From<model::DailyUsage> for DailyUsage {
    fn from(daily: model::DailyUsage) -> Self {
        Self { day: daily.day.to_string(), usage: daily.usage.into() }
    }
}

impl From<model::Usage> for Usage {
    fn from(usage: model::Usage) -> Self {
        let model::Usage { runs, containers, container_ms, cpu_ms, bytes_in, bytes_kept } = usage;
        Self { runs, containers, container_ms, cpu_ms, bytes_in, bytes_kept }
    }
}
