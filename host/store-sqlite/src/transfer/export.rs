//! Every record, read at one moment.

use rusqlite::{Connection, Row};
use simulay_model::{Identity, OwnerFilter, Step};
use simulay_store::transfer::{Deletion, OwnedAccount, OwnedPlugin, OwnedRun, Record};
use simulay_store::{Claim, Remembered, RequestKey, StoreError, Upload};
use tokio::sync::mpsc::Sender;

use crate::accounts;
use crate::failure::SqlResult;
use crate::filter::Filter;
use crate::rows::{self, json, parsed, unsigned};
use crate::{audit, metering, requests, sharing, sweeps};

type Read = fn(&Connection, &Row<'_>) -> SqlResult<Record>;

/// What is read and how, in the order of kinds. SQLite compares texts by their bytes.
const KINDS: [(&str, Read); 13] = [
    ("SELECT * FROM accounts ORDER BY name", account),
    ("SELECT * FROM plugins ORDER BY name, version", plugin),
    (SHOWN, visibility),
    ("SELECT * FROM uploads ORDER BY owner, sha256", upload),
    ("SELECT * FROM sweeps ORDER BY id", sweep),
    (RUNS, run),
    ("SELECT * FROM tokens ORDER BY id", token),
    ("SELECT * FROM identities ORDER BY issuer, subject", identity),
    ("SELECT * FROM requests ORDER BY owner, scope, key", request),
    ("SELECT * FROM deletions ORDER BY run", deletion),
    ("SELECT * FROM usage ORDER BY account, day", usage),
    ("SELECT * FROM audit ORDER BY sequence", record),
    ("SELECT ms FROM observed", observed),
];
const SHOWN: &str = "SELECT name FROM public_plugins UNION SELECT name FROM shared_plugins ORDER BY name";
const RUNS: &str = "SELECT runs.*, requested.inputs, requested.params, reports.report, fence, worked_ms
    FROM runs JOIN requested ON requested.run = runs.id
    LEFT JOIN reports ON reports.run = runs.id LEFT JOIN leases ON leases.run = runs.id ORDER BY runs.id";

/// Hands every record to `taker`, as long as there is one.
pub(crate) fn all(connection: &Connection, taker: &Sender<Result<Record, StoreError>>) -> SqlResult<()> {
    let moment = connection.unchecked_transaction()?;
    for (sql, read) in KINDS {
        let mut statement = moment.prepare(sql)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            if taker.blocking_send(Ok(read(&moment, row)?)).is_err() {
                return Ok(());
            }
        }
    }
    Ok(())
}

fn account(connection: &Connection, row: &Row<'_>) -> SqlResult<Record> {
    let account = accounts::account(row)?;
    let (password, quotas) = (row.get("password")?, metering::overrides_of(connection, &account.name)?);
    Ok(Record::Account(OwnedAccount { account, password, quotas }))
}

fn plugin(connection: &Connection, row: &Row<'_>) -> SqlResult<Record> {
    let plugin = rows::plugin(row)?;
    let sql =
        "SELECT at, kind, account, by FROM plugin_events WHERE name = ?1 AND version = ?2 ORDER BY ordinal";
    let mut statement = connection.prepare_cached(sql)?;
    let (name, version) = (plugin.manifest.name.to_string(), plugin.manifest.version.to_string());
    let events = statement.query_and_then([name, version], rows::plugin_event)?.collect::<SqlResult<_>>()?;
    Ok(Record::Plugin(Box::new(OwnedPlugin { plugin, events })))
}

fn visibility(connection: &Connection, row: &Row<'_>) -> SqlResult<Record> {
    let name: String = row.get("name")?;
    let visibility = sharing::find(connection, &Filter::from(&OwnerFilter::Any), &name)?;
    Ok(Record::Visibility(parsed(row, "name")?, visibility))
}

fn upload(_: &Connection, row: &Row<'_>) -> SqlResult<Record> {
    let upload = Upload { sha256: parsed(row, "sha256")?, size: unsigned(row, "size")? };
    Ok(Record::Upload(parsed(row, "owner")?, upload, row.get("at_ms")?))
}

fn sweep(_: &Connection, row: &Row<'_>) -> SqlResult<Record> {
    Ok(Record::Sweep(Box::new(sweeps::whole(row)?), row.get("ended_ms")?))
}

fn run(connection: &Connection, row: &Row<'_>) -> SqlResult<Record> {
    let run = rows::run(row)?;
    let id = run.id.to_string();
    let lease = row.get::<_, Option<i64>>("fence")?.map(|_| rows::lease(row)).transpose()?;
    Ok(Record::Run(Box::new(OwnedRun {
        ended_ms: row.get("ended_ms")?,
        lease,
        plans: of_run(connection, PLANS, &id, |row| Ok((row.get("step")?, json::<Step>(row, "plan")?)))?,
        attempts: of_run(connection, ATTEMPTS, &id, |row| {
            Ok(((row.get("step")?, row.get("call_index")?), rows::attempt(row)?))
        })?,
        artifacts: of_run(connection, ARTIFACTS, &id, rows::artifact)?,
        events: of_run(connection, EVENTS, &id, |row| rows::event(run.id, row))?,
        run,
    })))
}

const PLANS: &str = "SELECT * FROM steps WHERE run = ?1 ORDER BY step";
const ATTEMPTS: &str = "SELECT * FROM calls WHERE run = ?1 ORDER BY step, call_index, attempt";
const ARTIFACTS: &str = "SELECT * FROM artifacts WHERE run = ?1 ORDER BY ordinal";
const EVENTS: &str = "SELECT * FROM events WHERE run = ?1 ORDER BY sequence";

fn of_run<T>(
    connection: &Connection,
    sql: &str,
    run: &str,
    read: impl FnMut(&Row<'_>) -> SqlResult<T>,
) -> SqlResult<Vec<T>> {
    let mut statement = connection.prepare_cached(sql)?;
    statement.query_and_then([run], read)?.collect()
}

fn token(_: &Connection, row: &Row<'_>) -> SqlResult<Record> {
    Ok(Record::Token(Box::new(accounts::token(row)?)))
}

fn identity(_: &Connection, row: &Row<'_>) -> SqlResult<Record> {
    let identity = Identity { issuer: row.get("issuer")?, subject: row.get("subject")? };
    Ok(Record::Identity(identity, parsed(row, "account")?))
}

fn request(_: &Connection, row: &Row<'_>) -> SqlResult<Record> {
    let request = RequestKey { owner: parsed(row, "owner")?, scope: row.get("scope")?, key: row.get("key")? };
    let Remembered { fingerprint, outcome } = requests::remembered(row)?;
    Ok(Record::Request(Claim { request, fingerprint }, outcome, row.get("at_ms")?))
}

fn deletion(_: &Connection, row: &Row<'_>) -> SqlResult<Record> {
    Ok(Record::Deletion(Deletion {
        run: parsed(row, "run")?,
        owner: parsed(row, "owner")?,
        pipeline: parsed(row, "pipeline")?,
        at: parsed(row, "at")?,
        why: row.get("why")?,
    }))
}

fn usage(_: &Connection, row: &Row<'_>) -> SqlResult<Record> {
    Ok(Record::Usage(metering::daily_usage(row)?))
}

fn record(_: &Connection, row: &Row<'_>) -> SqlResult<Record> {
    Ok(Record::Audit(Box::new(audit::record(row)?)))
}

fn observed(_: &Connection, row: &Row<'_>) -> SqlResult<Record> {
    Ok(Record::Observed(row.get("ms")?))
}
