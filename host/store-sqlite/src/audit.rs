//! The audit log.

use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags, OptionalExtension as _, Row, params};
use simulay_model::{AccountName, AuditAction, AuditEntry, AuditHead, AuditRecord, AuditResult};
use simulay_store::{Audit, AuditQuery, AuditStart, Durable, StoreError};

use crate::failure::{SqlError, SqlResult};
use crate::rows::signed;
use crate::schema::check_version;
use crate::store::{RECORDS, SqliteStore};

#[async_trait]
impl Audit for SqliteStore {
    async fn append(&self, at: Timestamp, entry: AuditEntry) -> Result<AuditHead, StoreError> {
        let at_last = is_kept_room_for(&entry);
        let work = move |connection: &Connection| append(connection, at, &entry);
        if at_last {
            self.write_at_last("audit.append", work).await
        } else {
            self.write("audit.append", work).await
        }
    }

    async fn append_soon(&self, at: Timestamp, entry: AuditEntry) -> Result<Durable, StoreError> {
        let work = move |connection: &Connection| append(connection, at, &entry);
        self.writer.write_early("audit.append", work, false).await.map(|(_, durable)| durable)
    }

    async fn page(&self, query: AuditQuery) -> Result<Vec<AuditRecord>, StoreError> {
        self.read(move |connection| page(connection, &query)).await
    }

    async fn head(&self) -> Result<Option<AuditHead>, StoreError> {
        self.read(head).await
    }
}

/// The audit log in a directory of records that is not written to: of a host at work, of one that is not, or of a copy.
pub struct AuditFile(Connection);

impl AuditFile {
    /// Opens the log of the records in `directory`.
    ///
    /// # Errors
    /// When there are no records, they cannot be read, or were written by another version that has no such log.
    pub fn open(directory: &Path) -> Result<Self, StoreError> {
        let file = directory.join(RECORDS);
        if !file.is_file() {
            return Err(StoreError::NotFound);
        }
        Ok(Self(look(&file)?))
    }

    /// Records that match, from the oldest.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn page(&self, query: &AuditQuery) -> Result<Vec<AuditRecord>, StoreError> {
        Ok(page(&self.0, query)?)
    }
}

/// True for what frees room or ends a right, and for what the operator does himself: it can be done on a full disk, so it
/// can be recorded there.
fn is_kept_room_for(entry: &AuditEntry) -> bool {
    let ends = matches!(
        entry.action,
        AuditAction::RunCancelled
            | AuditAction::SweepCancelled
            | AuditAction::TokenRevoked
            | AuditAction::AccountRevoked
    );
    let refused = matches!(entry.result, AuditResult::Refused(_));
    !refused && (ends || entry.via.starts_with("command line"))
}

fn look(file: &Path) -> SqlResult<Connection> {
    let connection = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    connection.busy_timeout(Duration::from_secs(5))?;
    check_version(&connection)?;
    if !connection.table_exists(None, "audit")? {
        let message = "an earlier version of Simulay wrote these records, and kept no audit log";
        return Err(StoreError::Failed(message.into()).into());
    }
    Ok(connection)
}

fn append(connection: &Connection, at: Timestamp, entry: &AuditEntry) -> SqlResult<AuditHead> {
    let record = AuditRecord::seal(at, entry, head(connection)?.as_ref());
    insert(connection, &record)?;
    Ok(record.head())
}

/// Puts a record at the end of the log, sealed as it is.
pub(crate) fn insert(connection: &Connection, record: &AuditRecord) -> SqlResult<()> {
    let sql = "INSERT INTO audit (sequence, format, at, account, role, via, request, action, subject, result,
             problem, detail, previous, hash)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)";
    connection.prepare_cached(sql)?.execute(params![
        signed(record.sequence)?,
        record.format,
        record.at,
        record.account,
        record.role,
        record.via,
        record.request,
        record.action,
        record.subject,
        record.result,
        record.problem,
        record.detail,
        record.previous,
        record.hash,
    ])?;
    Ok(())
}

fn head(connection: &Connection) -> SqlResult<Option<AuditHead>> {
    let sql = "SELECT * FROM audit ORDER BY sequence DESC LIMIT 1";
    let mut statement = connection.prepare_cached(sql)?;
    let last = statement.query_row([], |row| Ok(record(row)));
    Ok(last.optional()?.transpose()?.map(|record| record.head()))
}

fn page(connection: &Connection, query: &AuditQuery) -> SqlResult<Vec<AuditRecord>> {
    match query.start {
        AuditStart::After(after) => {
            // There is nothing after the largest number of SQLite.
            read(connection, &select(query, "ASC"), i64::try_from(after).unwrap_or(i64::MAX), query)
        }
        AuditStart::Latest => {
            let mut latest = read(connection, &select(query, "DESC"), 0, query)?;
            latest.reverse();
            Ok(latest)
        }
    }
}

/// Names only what is asked for: each such statement has its index.
fn select(query: &AuditQuery, order: &str) -> String {
    let account = if query.account.is_some() { "account = ?3" } else { "?3 IS NULL" };
    let action = if query.action.is_some() { "action = ?4" } else { "?4 IS NULL" };
    let (from, since) = ("SELECT * FROM audit WHERE sequence > ?1", "(?5 IS NULL OR at >= ?5)");
    let which = [from, account, action, since].join(" AND ");
    [&which, "ORDER BY sequence", order, "LIMIT ?2"].join(" ")
}

fn read(connection: &Connection, sql: &str, after: i64, query: &AuditQuery) -> SqlResult<Vec<AuditRecord>> {
    let AuditQuery { limit, account, action, since, .. } = query;
    let account = account.as_ref().map(AccountName::as_str);
    let since = since.map(AuditRecord::time);
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_and_then(params![after, limit, account, action, since], record)?;
    rows.collect()
}

/// Reads what is there, whoever wrote it: that it is what was recorded, its hash has to tell.
pub(crate) fn record(row: &Row<'_>) -> SqlResult<AuditRecord> {
    let known = |column| text(row, column).map(Option::unwrap_or_default);
    Ok(AuditRecord {
        format: number(row, "format")?,
        sequence: number(row, "sequence")?,
        at: known("at")?,
        account: text(row, "account")?,
        role: text(row, "role")?,
        via: known("via")?,
        request: text(row, "request")?,
        action: known("action")?,
        subject: text(row, "subject")?,
        result: known("result")?,
        problem: text(row, "problem")?,
        detail: text(row, "detail")?,
        previous: text(row, "previous")?,
        hash: known("hash")?,
    })
}

/// A number; nothing that is recorded has the number 0.
fn number<T: TryFrom<i64> + Default>(row: &Row<'_>, column: &str) -> Result<T, SqlError> {
    let number = row.get_ref(column)?.as_i64().unwrap_or_default();
    Ok(T::try_from(number).unwrap_or_default())
}

fn text(row: &Row<'_>, column: &str) -> SqlResult<Option<String>> {
    Ok(match row.get_ref(column)? {
        ValueRef::Null => None,
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
        ValueRef::Integer(number) => Some(number.to_string()),
        ValueRef::Real(number) => Some(number.to_string()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How SQLite reads what `query` asks for.
    fn plan(connection: &Connection, query: &AuditQuery, order: &str) -> String {
        let sql = ["EXPLAIN QUERY PLAN", &select(query, order)].join(" ");
        let mut statement = connection.prepare(&sql).unwrap();
        let rows =
            statement.query_map(params![0, 9, "ada", "denied", "x"], |row| row.get::<_, String>("detail"));
        rows.unwrap().map(Result::unwrap).collect::<Vec<_>>().join("; ")
    }

    #[test]
    fn what_is_chosen_has_its_index() {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(include_str!("schema/audit.sql")).unwrap();
        let by_account = AuditQuery { account: Some(AccountName::local()), ..AuditQuery::after(0, 9) };
        let by_action = AuditQuery { action: Some("denied".to_owned()), ..AuditQuery::after(0, 9) };
        for order in ["ASC", "DESC"] {
            let all = plan(&connection, &AuditQuery::after(0, 9), order);
            assert!(all.contains("INTEGER PRIMARY KEY") && !all.contains("TEMP"), "{all}");
            for (query, index) in [(&by_account, "audit_by_account"), (&by_action, "audit_by_action")] {
                let plan = plan(&connection, query, order);
                assert!(plan.contains(index) && !plan.contains("TEMP"), "{plan}");
            }
        }
    }
}
