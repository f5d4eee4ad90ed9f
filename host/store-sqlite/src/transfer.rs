//! All that is stored, given out to another store or taken in from one.

mod export;
mod import;

use async_trait::async_trait;
use futures_util::stream::{self, BoxStream, StreamExt as _};
use rusqlite::{Connection, OptionalExtension as _};
use simulay_store::StoreError;
use simulay_store::transfer::{Export, Import, Record};
use tokio::sync::mpsc;

use crate::failure::SqlResult;
use crate::schema::unfinished;
use crate::store::SqliteStore;

/// Records that were read and wait to be taken.
const AHEAD: usize = 64;

#[async_trait]
impl Export for SqliteStore {
    fn records(&self) -> BoxStream<'_, Result<Record, StoreError>> {
        let (sender, mut receiver) = mpsc::channel(AHEAD);
        let told = sender.clone();
        let reading = async move {
            let read = self.read(move |connection| export::all(connection, &sender)).await;
            if let Err(error) = read {
                // Whoever let go of the stream hears nothing.
                let _ = told.send(Err(error)).await;
            }
        };
        let given = stream::poll_fn(move |context| receiver.poll_recv(context));
        // The reading gives nothing itself: it goes on while its records are waited for.
        let read = stream::once(reading).filter_map(async |()| None);
        stream::select(given, read).boxed()
    }

    async fn worked_on_by(&self) -> Result<Option<String>, StoreError> {
        let now = self.clock.now().as_millisecond();
        self.read(move |connection| {
            let sql = "SELECT holder FROM leases WHERE until_ms > ?1 LIMIT 1";
            Ok(connection.prepare_cached(sql)?.query_row([now], |row| row.get(0)).optional()?)
        })
        .await
    }
}

#[async_trait]
impl Import for SqliteStore {
    async fn begin(&self, source: &str) -> Result<(), StoreError> {
        let source = source.to_owned();
        self.write("transfer.begin", move |connection| begin(connection, &source)).await
    }

    async fn put(&self, records: Vec<Record>) -> Result<(), StoreError> {
        self.write("transfer.put", move |connection| {
            records.iter().try_for_each(|record| import::put(connection, record))
        })
        .await
    }

    async fn finish(&self) -> Result<(), StoreError> {
        self.write("transfer.finish", |connection| {
            connection.execute("DELETE FROM transfer", [])?;
            Ok(())
        })
        .await
    }
}

fn begin(connection: &Connection, source: &str) -> SqlResult<()> {
    match unfinished(connection)? {
        Some(begun) if begun == source => Ok(()),
        Some(begun) => Err(StoreError::begun_with(&begun).into()),
        None if is_empty(connection)? => {
            connection.execute("INSERT INTO transfer (source) VALUES (?1)", [source])?;
            Ok(())
        }
        None => Err(StoreError::not_empty().into()),
    }
}

/// True when nobody stored anything.
fn is_empty(connection: &Connection) -> SqlResult<bool> {
    let sql = "SELECT NOT (EXISTS (SELECT 1 FROM accounts) OR EXISTS (SELECT 1 FROM plugins)
             OR EXISTS (SELECT 1 FROM uploads) OR EXISTS (SELECT 1 FROM runs) OR EXISTS (SELECT 1 FROM sweeps)
             OR EXISTS (SELECT 1 FROM requests)
             OR EXISTS (SELECT 1 FROM deletions) OR EXISTS (SELECT 1 FROM usage) OR EXISTS (SELECT 1 FROM audit))";
    Ok(connection.query_row(sql, [], |row| row.get(0))?)
}
