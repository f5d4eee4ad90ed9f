//! Records of another store, put in as they are. One that is there by its key stays.

use rusqlite::{Connection, ToSql, params};
use simulay_model::{Head, OwnerFilter, QuotaSetting, Run};
use simulay_store::transfer::{Deletion, OwnedAccount, OwnedPlugin, OwnedRun, Record};
use simulay_store::{Claim, RequestKey};

use crate::failure::SqlResult;
use crate::filter::Filter;
use crate::rows::signed;
use crate::{
    accounts, audit, commit, credentials, leases, metering, plugins, requests, runs, sharing, sweeps, uploads,
};

/// Puts one record in.
pub(crate) fn put(connection: &Connection, record: &Record) -> SqlResult<()> {
    if is_there(connection, record)? {
        return Ok(());
    }
    match record {
        Record::Account(it) => account(connection, it),
        Record::Plugin(it) => plugin(connection, it),
        Record::Visibility(name, visibility) => {
            sharing::set(connection, &Filter::from(&OwnerFilter::Any), name.as_str(), visibility)
        }
        Record::Upload(owner, upload, at) => uploads::insert(connection, owner, upload, *at),
        Record::Sweep(it, ended_ms) => sweeps::insert(connection, it, *ended_ms),
        Record::Run(it) => run(connection, it),
        Record::Token(token) => accounts::found(accounts::insert(connection, token)?),
        Record::Identity(identity, account) => credentials::link_first(connection, account, identity),
        Record::Request(claim, outcome, at) => requests::insert(connection, *at, claim, outcome),
        Record::Deletion(it) => deletion(connection, it),
        Record::Usage(it) => metering::add(connection, &it.account, it.day, it.usage),
        Record::Audit(record) => audit::insert(connection, record),
        Record::Observed(ms) => {
            connection.execute("UPDATE observed SET ms = ?1", [ms])?;
            Ok(())
        }
    }
}

fn is_there(connection: &Connection, record: &Record) -> SqlResult<bool> {
    let found = |sql: &str, key: &[&dyn ToSql]| Ok(connection.prepare_cached(sql)?.exists(key)?);
    match record {
        Record::Account(it) => found("SELECT 1 FROM accounts WHERE name = ?1", &[&it.account.name.as_str()]),
        Record::Plugin(it) => {
            let manifest = &it.plugin.manifest;
            let sql = "SELECT 1 FROM plugins WHERE name = ?1 AND version = ?2";
            found(sql, &[&manifest.name.as_str(), &manifest.version.to_string()])
        }
        Record::Upload(owner, upload, _) => {
            let sql = "SELECT 1 FROM uploads WHERE sha256 = ?1 AND owner = ?2";
            found(sql, &[&upload.sha256.to_string(), &owner.as_str()])
        }
        Record::Sweep(it, _) => found("SELECT 1 FROM sweeps WHERE id = ?1", &[&it.id.to_string()]),
        Record::Run(it) => found("SELECT 1 FROM runs WHERE id = ?1", &[&it.run.id.to_string()]),
        Record::Token(token) => found("SELECT 1 FROM tokens WHERE id = ?1", &[&token.id.to_string()]),
        Record::Identity(identity, _) => {
            let sql = "SELECT 1 FROM identities WHERE issuer = ?1 AND subject = ?2";
            found(sql, &[&identity.issuer, &identity.subject])
        }
        Record::Request(Claim { request: RequestKey { owner, scope, key }, .. }, ..) => {
            let sql = "SELECT 1 FROM requests WHERE owner = ?1 AND scope = ?2 AND key = ?3";
            found(sql, &[&owner.as_str(), scope, key])
        }
        Record::Deletion(it) => found("SELECT 1 FROM deletions WHERE run = ?1", &[&it.run.to_string()]),
        Record::Usage(it) => {
            let sql = "SELECT 1 FROM usage WHERE account = ?1 AND day = ?2";
            found(sql, &[&it.account.as_str(), &it.day.to_string()])
        }
        Record::Audit(it) => found("SELECT 1 FROM audit WHERE sequence = ?1", &[&signed(it.sequence)?]),
        // Set anew, to the same.
        Record::Visibility(..) | Record::Observed(_) => Ok(false),
    }
}

fn account(connection: &Connection, owned: &OwnedAccount) -> SqlResult<()> {
    accounts::add_account(connection, &owned.account)?;
    let sql = "UPDATE accounts SET password = ?2 WHERE name = ?1";
    connection.prepare_cached(sql)?.execute(params![owned.account.name.as_str(), owned.password])?;
    owned.quotas.iter().try_for_each(|(quota, bound)| {
        let setting = bound.map_or(QuotaSetting::Unlimited, QuotaSetting::AtMost);
        metering::set(connection, &owned.account.name, *quota, setting)
    })
}

fn plugin(connection: &Connection, owned: &OwnedPlugin) -> SqlResult<()> {
    let manifest = &owned.plugin.manifest;
    plugins::insert(connection, &owned.plugin)?;
    owned
        .events
        .iter()
        .try_for_each(|event| plugins::tell(connection, &manifest.name, &manifest.version, event))
}

fn run(connection: &Connection, owned: &OwnedRun) -> SqlResult<()> {
    let OwnedRun { run, ended_ms, lease, plans, attempts, artifacts, events } = owned;
    let id = run.id;
    runs::insert(connection, run)?;
    commit::set_head(connection, id, &head(run), *ended_ms)?;
    if let Some(report) = &run.report {
        commit::insert_report(connection, id, report)?;
    }
    plans.iter().try_for_each(|(step, plan)| commit::insert_step(connection, id, *step, plan))?;
    attempts.iter().try_for_each(|(call, attempt)| commit::set_attempt(connection, id, *call, attempt))?;
    artifacts.iter().try_for_each(|artifact| commit::insert_artifact(connection, id, artifact))?;
    for event in events {
        commit::insert_event(connection, id, (event.sequence, event.at), &event.data)?;
    }
    let last = events.last().map_or(0, |event| event.sequence);
    let sql = "UPDATE runs SET last_event = ?2 WHERE id = ?1";
    connection.prepare_cached(sql)?.execute(params![id.to_string(), signed(last)?])?;
    lease.map_or(Ok(()), |lease| leases::put(connection, id, lease))
}

fn head(run: &Run) -> Head {
    Head {
        state: run.state,
        steps: run.steps,
        cancel_requested: run.cancel_requested,
        started_at: run.started_at,
        ended_at: run.ended_at,
        error: run.error.clone(),
    }
}

fn deletion(connection: &Connection, deletion: &Deletion) -> SqlResult<()> {
    let sql = "INSERT INTO deletions (run, owner, pipeline, at, why) VALUES (?1, ?2, ?3, ?4, ?5)";
    let Deletion { run, owner, pipeline, at, why } = deletion;
    let values = params![run.to_string(), owner.as_str(), pipeline.as_str(), at.to_string(), why];
    connection.prepare_cached(sql)?.execute(values)?;
    Ok(())
}
