//! Requests that may come again.

use std::time::Duration;

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use semver::Version;
use simulay_model::{PluginEffects, PluginName};
use simulay_store::{Claim, Outcome, Remembered, RequestKey, Requests, StoreError};

use crate::failure::SqlResult;
use crate::plugins;
use crate::rows::parsed;
use crate::store::SqliteStore;

#[async_trait]
impl Requests for SqliteStore {
    async fn find(&self, request: &RequestKey) -> Result<Option<Remembered>, StoreError> {
        let RequestKey { owner, scope, key } = request.clone();
        self.read(move |connection| {
            let sql = "SELECT fingerprint, run, answer FROM requests
                 WHERE owner = ?1 AND scope = ?2 AND key = ?3";
            let mut statement = connection.prepare_cached(sql)?;
            statement
                .query_row([owner.as_str(), &scope, &key], |row| Ok(remembered(row)))
                .optional()?
                .transpose()
        })
        .await
    }

    async fn commit_once(
        &self,
        name: &PluginName,
        version: &Version,
        effects: Box<PluginEffects>,
        (claim, answer): (Claim, String),
    ) -> Result<(), StoreError> {
        let (at, name, version) = (self.observed.millis(), name.clone(), version.clone());
        let outcome = Outcome::Answer(answer);
        self.write("request.plugin", move |connection| {
            insert(connection, at, &claim, &outcome)?;
            plugins::commit(connection, &name, &version, &effects)
        })
        .await
    }

    async fn remember(&self, claim: Claim, answer: String) -> Result<(), StoreError> {
        let at = self.observed.millis();
        self.write("request.answer", move |connection| {
            insert(connection, at, &claim, &Outcome::Answer(answer))
        })
        .await
    }

    async fn forget(&self, age: Duration) -> Result<usize, StoreError> {
        let before = self.observed.before(age);
        self.write("request.forget", move |connection| {
            let sql = "DELETE FROM requests WHERE at_ms <= ?1";
            Ok(connection.prepare_cached(sql)?.execute([before])?)
        })
        .await
    }
}

pub(crate) fn remembered(row: &Row<'_>) -> SqlResult<Remembered> {
    let outcome = match row.get::<_, Option<String>>("answer")? {
        Some(answer) => Outcome::Answer(answer),
        None => Outcome::Run(parsed(row, "run")?),
    };
    Ok(Remembered { fingerprint: parsed(row, "fingerprint")?, outcome })
}

pub(crate) fn insert(connection: &Connection, at: i64, claim: &Claim, outcome: &Outcome) -> SqlResult<()> {
    let sql = "INSERT INTO requests (owner, scope, key, fingerprint, at_ms, run, answer)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (owner, scope, key) DO NOTHING";
    let Claim { request: RequestKey { owner, scope, key }, fingerprint } = claim;
    let (run, answer) = match outcome {
        Outcome::Run(run) => (Some(run.to_string()), None),
        Outcome::Answer(answer) => (None, Some(answer)),
    };
    let values = params![owner.as_str(), scope, key, fingerprint.to_string(), at, run, answer];
    let inserted = connection.prepare_cached(sql)?.execute(values)?;
    if inserted > 0 { Ok(()) } else { Err(StoreError::Repeated.into()) }
}
