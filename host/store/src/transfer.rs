//! All that one store holds, moved to another, whatever technology keeps either.
//!
//! A source gives [`Record`]s out, a destination puts them in, and in the end both are read side by side. A destination
//! takes in what one source holds and nothing else; until it is [finished](Import::finish) no host opens it. Whatever
//! broke off is begun again: what is there by then stays as it is.

mod record;

use std::collections::BTreeMap;

use async_trait::async_trait;
use futures_util::TryStreamExt as _;
use futures_util::stream::BoxStream;

pub use self::record::{Deletion, Kind, OwnedAccount, OwnedPlugin, OwnedRun, Record};
use crate::StoreError;

/// Records that are put in at once.
const BATCH: usize = 64;

/// Gives all out that it holds.
#[async_trait]
pub trait Export: Send + Sync {
    /// All records, each once: by their kinds in the order of [`Kind`], so that what one names comes before it, and of
    /// each kind in the order of the bytes of their keys.
    fn records(&self) -> BoxStream<'_, Result<Record, StoreError>>;

    /// Who works on what is stored, as far as that can be seen: the holder of a lease that is not over, or a host that
    /// was seen at work a moment ago.
    async fn worked_on_by(&self) -> Result<Option<String>, StoreError>;
}

/// Takes in what another store gives out.
#[async_trait]
pub trait Import: Send + Sync {
    /// Begins to take in what `source` holds, or goes on with it. Until it is finished no host opens the store.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when anything else is stored, or another source was begun with.
    async fn begin(&self, source: &str) -> Result<(), StoreError>;

    /// Puts records in, durably; those that are there by their keys stay as they are.
    async fn put(&self, records: Vec<Record>) -> Result<(), StoreError>;

    /// Lets hosts open the store.
    async fn finish(&self) -> Result<(), StoreError>;
}

/// A store that can be either end.
pub trait Transfer: Export + Import {}

impl<T: Export + Import> Transfer for T {}

/// How many records of each kind.
pub type Counts = BTreeMap<Kind, u64>;

/// Why what one store holds is not, or not whole, in another.
#[derive(Debug, thiserror::Error)]
pub enum TransferError {
    /// A host works on the source: which.
    #[error("{0} works on what is to be moved; stop it first")]
    AtWork(String),
    /// A host works where it is to be moved: which.
    #[error("{0} works on the destination; stop it first")]
    AtDestination(String),
    /// The destination holds something else: what.
    #[error("the destination takes nothing in: {0}")]
    Taken(String),
    /// A record of the source is not the one that the destination has in its place, or has none there: which.
    #[error(
        "{0} is not in the destination as it is in the source; if the source was used since it was begun to be moved, \
         empty the destination and begin anew"
    )]
    Differs(String),
    /// The source cannot be read.
    #[error("the source cannot be read")]
    Source(#[source] StoreError),
    /// The destination fails.
    #[error("the destination cannot take it in")]
    Destination(#[source] StoreError),
}

/// Moves all that `from`, known as `source`, holds to `to`, and lets hosts open that once it was read back equal.
///
/// # Errors
/// See [`TransferError`]; what was moved by then need not be moved again.
pub async fn transfer(from: &dyn Export, to: &dyn Transfer, source: &str) -> Result<Counts, TransferError> {
    begin(from, to, source).await?;
    let counts = fill(from, to).await?;
    to.finish().await.map_err(TransferError::Destination)?;
    Ok(counts)
}

/// Begins to move, or goes on with it, where nobody works at either end.
///
/// # Errors
/// When somebody does, or the destination holds something else.
pub async fn begin(from: &dyn Export, to: &dyn Transfer, source: &str) -> Result<(), TransferError> {
    if let Some(who) = from.worked_on_by().await.map_err(TransferError::Source)? {
        return Err(TransferError::AtWork(who));
    }
    if let Some(who) = to.worked_on_by().await.map_err(TransferError::Destination)? {
        return Err(TransferError::AtDestination(who));
    }
    to.begin(source).await.map_err(|error| match error {
        StoreError::Conflict(why) => TransferError::Taken(why),
        error => TransferError::Destination(error),
    })
}

/// Moves all records to where that was begun, and reads them back.
///
/// # Errors
/// See [`TransferError`].
pub async fn fill(from: &dyn Export, to: &dyn Transfer) -> Result<Counts, TransferError> {
    copy(from, to).await?;
    compare(from, to).await
}

async fn copy(from: &dyn Export, to: &dyn Import) -> Result<(), TransferError> {
    let (mut records, mut batch) = (from.records(), Vec::new());
    while let Some(record) = records.try_next().await.map_err(TransferError::Source)? {
        // Runs may be large, and go one by one.
        let full = record.kind() == Kind::Run || batch.len() + 1 >= BATCH;
        batch.push(record);
        if full {
            to.put(std::mem::take(&mut batch)).await.map_err(TransferError::Destination)?;
        }
    }
    to.put(batch).await.map_err(TransferError::Destination)
}

/// Reads two stores side by side; how many records each has of each kind.
///
/// # Errors
/// [`TransferError::Differs`] with the first that is not the same.
pub async fn compare(from: &dyn Export, to: &dyn Export) -> Result<Counts, TransferError> {
    let (mut sources, mut destinations) = (from.records(), to.records());
    let mut counts = Counts::new();
    loop {
        let source = sources.try_next().await.map_err(TransferError::Source)?;
        let destination = destinations.try_next().await.map_err(TransferError::Destination)?;
        let Some(record) = source.as_ref().or(destination.as_ref()) else { return Ok(counts) };
        if source != destination {
            return Err(TransferError::Differs(record.to_string()));
        }
        *counts.entry(record.kind()).or_default() += 1;
    }
}
