//! What accounts use, and how their quotas differ. Usage is counted by whoever writes what causes it; what is
//! stored, by triggers (`schema/quotas_stored.sql`).

use std::collections::BTreeMap;

use async_trait::async_trait;
use jiff::Timestamp;
use jiff::civil::Date;
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use simulay_model::{
    AccountName, DailyUsage, Month, OwnerFilter, PresentUse, Quota, QuotaOverrides, QuotaSetting, Quotas,
    Run, Usage, day_of,
};
use simulay_store::{Metering, StoreError};

use crate::failure::SqlResult;
use crate::rows::{parsed, signed, unsigned};
use crate::store::SqliteStore;

const USAGE: &str =
    "SELECT account, day, runs, containers, container_ms, cpu_ms, bytes_in, bytes_kept FROM usage";

#[async_trait]
impl Metering for SqliteStore {
    async fn overrides(&self) -> Result<BTreeMap<AccountName, QuotaOverrides>, StoreError> {
        self.read(overrides).await
    }

    async fn set_quotas(
        &self,
        account: &AccountName,
        changes: Vec<(Quota, QuotaSetting)>,
    ) -> Result<(), StoreError> {
        let account = account.clone();
        self.write_at_last("account.quotas", move |connection| {
            let known = "SELECT 1 FROM accounts WHERE name = ?1";
            if !connection.prepare_cached(known)?.exists([account.as_str()])? {
                return Err(StoreError::NotFound.into());
            }
            changes.iter().try_for_each(|(quota, setting)| set(connection, &account, *quota, *setting))
        })
        .await
    }

    async fn present_use(&self, account: &AccountName, at: Timestamp) -> Result<PresentUse, StoreError> {
        let account = account.clone();
        self.read(move |connection| present_use(connection, &account, at)).await
    }

    async fn usage(&self, owner: &OwnerFilter, month: Month) -> Result<Vec<DailyUsage>, StoreError> {
        let owner = owner.account().map(AccountName::to_string);
        self.read(move |connection| {
            // Each with its index.
            let which = if owner.is_some() { "account = ?3 AND" } else { "?3 IS NULL AND" };
            let sql = [USAGE, "WHERE", which, "day BETWEEN ?1 AND ?2 ORDER BY account, day"].join(" ");
            let (first, last) = (month.first().to_string(), month.last().to_string());
            let mut statement = connection.prepare_cached(&sql)?;
            let rows = statement.query_and_then(params![first, last, owner], daily_usage)?;
            rows.collect()
        })
        .await
    }
}

fn overrides(connection: &Connection) -> SqlResult<BTreeMap<AccountName, QuotaOverrides>> {
    let mut statement = connection.prepare_cached("SELECT account, quota, bound FROM quota_overrides")?;
    let mut rows = statement.query([])?;
    let mut all = BTreeMap::<_, QuotaOverrides>::new();
    while let Some(row) = rows.next()? {
        all.entry(parsed(row, "account")?).or_default().insert(parsed(row, "quota")?, bound(row)?);
    }
    Ok(all)
}

/// What differs from the quotas of all for one account.
pub(crate) fn overrides_of(connection: &Connection, account: &AccountName) -> SqlResult<QuotaOverrides> {
    let sql = "SELECT quota, bound FROM quota_overrides WHERE account = ?1";
    let mut statement = connection.prepare_cached(sql)?;
    statement.query_and_then([account.as_str()], |row| Ok((parsed(row, "quota")?, bound(row)?)))?.collect()
}

fn bound(row: &Row<'_>) -> SqlResult<Option<u64>> {
    let bound: Option<String> = row.get("bound")?;
    bound.map(|_| parsed(row, "bound")).transpose()
}

pub(crate) fn set(
    connection: &Connection,
    account: &AccountName,
    quota: Quota,
    setting: QuotaSetting,
) -> SqlResult<()> {
    let bound = match setting {
        QuotaSetting::Default => {
            let sql = "DELETE FROM quota_overrides WHERE account = ?1 AND quota = ?2";
            connection.prepare_cached(sql)?.execute([account.as_str(), quota.as_str()])?;
            return Ok(());
        }
        QuotaSetting::Unlimited => None,
        QuotaSetting::AtMost(bound) => Some(bound.to_string()),
    };
    let sql = "INSERT INTO quota_overrides (account, quota, bound) VALUES (?1, ?2, ?3)
         ON CONFLICT (account, quota) DO UPDATE SET bound = ?3";
    connection.prepare_cached(sql)?.execute(params![account.as_str(), quota.as_str(), bound])?;
    Ok(())
}

/// Counts what an account used at a moment.
pub(crate) fn count(
    connection: &Connection,
    account: &AccountName,
    at: Timestamp,
    usage: Usage,
) -> SqlResult<()> {
    if usage.is_nothing() { Ok(()) } else { add(connection, account, day_of(at), usage) }
}

/// Adds to what an account used on a day.
pub(crate) fn add(connection: &Connection, account: &AccountName, day: Date, usage: Usage) -> SqlResult<()> {
    let sql = "INSERT INTO usage (account, day, runs, containers, container_ms, cpu_ms, bytes_in, bytes_kept)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
         ON CONFLICT (account, day) DO UPDATE SET runs = runs + ?3, containers = containers + ?4,
             container_ms = container_ms + ?5, cpu_ms = cpu_ms + ?6, bytes_in = bytes_in + ?7,
             bytes_kept = bytes_kept + ?8";
    let Usage { runs, containers, container_ms, cpu_ms, bytes_in, bytes_kept } = usage;
    connection.prepare_cached(sql)?.execute(params![
        account.as_str(),
        day.to_string(),
        signed(runs)?,
        signed(containers)?,
        signed(container_ms)?,
        signed(cpu_ms)?,
        signed(bytes_in)?,
        signed(bytes_kept)?,
    ])?;
    Ok(())
}

/// Holds a run that is to be created against the quotas of its owner.
pub(crate) fn admit_run(connection: &Connection, quotas: &Quotas, run: &Run) -> SqlResult<()> {
    if quotas.is_empty() {
        return Ok(());
    }
    let used = present_use(connection, &run.owner, run.created_at)?;
    Ok(quotas.admit_runs(&used, 1, run.created_at).map_err(StoreError::from)?)
}

/// What an account uses, with the usage of the day of `at`.
pub(crate) fn present_use(
    connection: &Connection,
    account: &AccountName,
    at: Timestamp,
) -> SqlResult<PresentUse> {
    let sql = "SELECT
             (SELECT count(*) FROM runs WHERE owner = ?1 AND state IN ('queued', 'running')) AS unfinished,
             (SELECT max(0, blob_bytes + record_bytes) FROM stored WHERE owner = ?1) AS stored,
             (SELECT count(*) FROM plugins WHERE owner = ?1) AS versions,
             (SELECT coalesce(sum(size), 0) FROM plugins WHERE owner = ?1) AS component_bytes";
    let mut statement = connection.prepare_cached(sql)?;
    let today = today(connection, account, at)?;
    statement.query_row([account.as_str()], |row| {
        let stored: Option<i64> = row.get("stored")?;
        let present = || {
            Ok(PresentUse {
                unfinished_runs: unsigned(row, "unfinished")?,
                today,
                stored_bytes: stored.map_or(Ok(0), |_| unsigned(row, "stored"))?,
                plugin_versions: unsigned(row, "versions")?,
                plugin_bytes: unsigned(row, "component_bytes")?,
                ..PresentUse::default()
            })
        };
        Ok(present())
    })?
}

fn today(connection: &Connection, account: &AccountName, at: Timestamp) -> SqlResult<Usage> {
    let sql = [USAGE, "WHERE account = ?1 AND day = ?2"].join(" ");
    let mut statement = connection.prepare_cached(&sql)?;
    let found = statement.query_row([account.as_str(), &day_of(at).to_string()], |row| Ok(usage(row)));
    Ok(found.optional()?.transpose()?.unwrap_or_default())
}

pub(crate) fn daily_usage(row: &Row<'_>) -> SqlResult<DailyUsage> {
    Ok(DailyUsage { account: parsed(row, "account")?, day: parsed(row, "day")?, usage: usage(row)? })
}

fn usage(row: &Row<'_>) -> SqlResult<Usage> {
    Ok(Usage {
        runs: unsigned(row, "runs")?,
        containers: unsigned(row, "containers")?,
        container_ms: unsigned(row, "container_ms")?,
        cpu_ms: unsigned(row, "cpu_ms")?,
        bytes_in: unsigned(row, "bytes_in")?,
        bytes_kept: unsigned(row, "bytes_kept")?,
    })
}
