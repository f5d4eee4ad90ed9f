//! Results that equal calls may take.

use std::time::Duration;

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use simulay_model::{AccountName, CallEnd, CallPlace, Digest, Offer, OwnerFilter, RunId};
use simulay_store::{Flight, KeptKey, Offered, Reuse, StoreError};

use crate::failure::SqlResult;
use crate::filter::{self, Filter};
use crate::rows::{json, parsed};
use crate::store::SqliteStore;

/// The newest offer of one account under a key.
const OF_ONE: &str = "SELECT key, owner, run, step, call_index FROM offers WHERE key = ?1 AND owner = ?2 ORDER BY run DESC LIMIT 1";
/// The newest of all accounts.
const OF_ALL: &str = "SELECT key, owner, run, step, call_index FROM offers WHERE key = ?1 AND ?2 IS NULL ORDER BY run DESC LIMIT 1";

#[async_trait]
impl Reuse for SqliteStore {
    async fn offered(
        &self,
        among: Option<&AccountName>,
        keys: Vec<Digest>,
    ) -> Result<Vec<Offered>, StoreError> {
        let among = among.map(AccountName::to_string);
        self.read(move |connection| {
            let mut offered = Vec::new();
            for key in keys {
                if let Some(offer) = newest(connection, among.as_deref(), key)? {
                    offered.extend(with_result(connection, offer)?);
                }
            }
            Ok(offered)
        })
        .await
    }

    async fn kept_keys(
        &self,
        owner: &OwnerFilter,
        run: RunId,
        most: u32,
    ) -> Result<Vec<KeptKey>, StoreError> {
        let (filter, run) = (Filter::from(owner), run.to_string());
        self.read(move |connection| {
            // Each with its index.
            let whose = if filter.owner.is_some() { "AND offers.owner = :owner" } else { "" };
            let sql = "SELECT offers.run, offers.step, offers.call_index, calls.key FROM offers
                 JOIN calls ON calls.run = offers.run AND calls.step = offers.step
                     AND calls.call_index = offers.call_index AND calls.key IS NOT NULL AND ending IS NOT NULL
                 WHERE offers.run <= :run AND EXISTS (SELECT 1 FROM runs WHERE id = offers.run AND";
            let last = "ORDER BY offers.run DESC, offers.step DESC, offers.call_index DESC LIMIT :most";
            let mut statement =
                connection.prepare_cached(&[sql, filter::RUNS, ")", whose, last].join(" "))?;
            let values = filter.and(&[(":run", &run), (":most", &most)]);
            let rows = statement.query_and_then(&*values, |row| {
                Ok(KeptKey { place: place(row)?, key: parsed(row, "key")? })
            })?;
            rows.collect()
        })
        .await
    }

    async fn lead(&self, flight: &Flight, call: CallPlace, time: Duration) -> Result<CallPlace, StoreError> {
        self.flights.lead(flight, call, (self.clock.now(), time))
    }

    async fn leader(&self, flight: &Flight) -> Result<Option<CallPlace>, StoreError> {
        Ok(self.flights.leader(flight, self.clock.now()))
    }

    async fn land(&self, flight: &Flight, call: CallPlace) -> Result<(), StoreError> {
        self.flights.land(flight, call);
        Ok(())
    }
}

fn newest(connection: &Connection, among: Option<&str>, key: Digest) -> SqlResult<Option<Offer>> {
    let sql = if among.is_some() { OF_ONE } else { OF_ALL };
    let mut statement = connection.prepare_cached(sql)?;
    let offer = |row: &Row<'_>| {
        Ok(Offer { key: parsed(row, "key")?, owner: parsed(row, "owner")?, place: place(row)? })
    };
    statement.query_row(params![key.to_string(), among], |row| Ok(offer(row))).optional()?.transpose()
}

fn place(row: &Row<'_>) -> SqlResult<CallPlace> {
    Ok(CallPlace { run: parsed(row, "run")?, step: row.get("step")?, index: row.get("call_index")? })
}

/// What is offered, with what came of it.
fn with_result(connection: &Connection, offer: Offer) -> SqlResult<Option<Offered>> {
    let sql = "SELECT ending FROM calls WHERE run = ?1 AND step = ?2 AND call_index = ?3 AND key IS NOT NULL
         AND ending IS NOT NULL ORDER BY attempt DESC LIMIT 1";
    let CallPlace { run, step, index } = offer.place;
    let mut statement = connection.prepare_cached(sql)?;
    let values = params![run.to_string(), step, index];
    let end = statement.query_row(values, |row| Ok(json(row, "ending"))).optional()?.transpose()?;
    let Some(CallEnd::Result(result)) = end else { return Ok(None) };
    Ok(Some(Offered { offer, result }))
}

/// Refuses what is to be taken and is not offered.
pub(crate) fn check(connection: &Connection, taken: &Offer) -> SqlResult<()> {
    let sql =
        "SELECT 1 FROM offers WHERE key = ?1 AND owner = ?2 AND run = ?3 AND step = ?4 AND call_index = ?5";
    let is_offered = connection.prepare_cached(sql)?.exists(params![
        taken.key.to_string(),
        taken.owner.as_str(),
        taken.place.run.to_string(),
        taken.place.step,
        taken.place.index,
    ])?;
    if is_offered { Ok(()) } else { Err(StoreError::NotOffered.into()) }
}

/// Offers the result of a call under its key.
pub(crate) fn offer(connection: &Connection, key: Digest, place: CallPlace) -> SqlResult<()> {
    let sql = "INSERT INTO offers (key, owner, run, step, call_index)
         SELECT ?1, owner, id, ?3, ?4 FROM runs WHERE id = ?2 ON CONFLICT DO NOTHING";
    let CallPlace { run, step, index } = place;
    connection.prepare_cached(sql)?.execute(params![key.to_string(), run.to_string(), step, index])?;
    Ok(())
}
