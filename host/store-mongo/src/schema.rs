//! Collections, their indexes, and which version of them is stored.

mod earlier;
mod indexes;

use mongodb::Database;
use mongodb::bson::{Document, doc};
use mongodb::error::ErrorKind;
use simulay_store::StoreError;

use crate::failure::{Failure, MongoResult};

pub(crate) use indexes::{ASCENDING, DESCENDING};

/// The version of the collections and indexes that this program writes.
const VERSION: i64 = 3;

/// Facts about the whole database: each a document by its name.
pub(crate) const FACTS: &str = "facts";
/// The heads of runs, with who works on them.
pub(crate) const RUNS: &str = "runs";
/// The heads of sweeps.
pub(crate) const SWEEPS: &str = "sweeps";
/// What happened to runs, and what of them may be large.
pub(crate) const JOURNAL: &str = "journal";
/// Inputs, outputs, streams and kept files of runs.
pub(crate) const ARTIFACTS: &str = "artifacts";
/// Runs that were deleted: all that is left of them.
pub(crate) const DELETIONS: &str = "deletions";
/// Calls whose results equal calls may take.
pub(crate) const OFFERS: &str = "offers";
/// Calls that others wait for, since they are equal.
pub(crate) const FLIGHTS: &str = "flights";
/// Requests that may come again.
pub(crate) const REQUESTS: &str = "requests";
/// Names of plugins: whose they are, and who sees them.
pub(crate) const PLUGIN_NAMES: &str = "plugin_names";
/// Versions of plugins, with what happened to them.
pub(crate) const PLUGINS: &str = "plugins";
/// Who may do what.
pub(crate) const ACCOUNTS: &str = "accounts";
/// By what they are known.
pub(crate) const TOKENS: &str = "tokens";
/// Who is who to providers of identities.
pub(crate) const IDENTITIES: &str = "identities";
/// How the quotas of accounts differ.
pub(crate) const QUOTAS: &str = "quotas";
/// Of each account a document that those write to who are held against its quotas.
pub(crate) const ADMISSIONS: &str = "admissions";
/// What was used, by account and day, in parts.
pub(crate) const USAGE: &str = "usage";
/// Who uploaded which bytes.
pub(crate) const UPLOADS: &str = "uploads";
/// The blobs that something of an account shows, and how often.
pub(crate) const KEPT: &str = "kept";
/// What accounts keep, in parts.
pub(crate) const STORED: &str = "stored";
/// Who did what.
pub(crate) const AUDIT: &str = "audit";

/// The server's codes for an index that goes by the name, or has the keys, of another.
const INDEX_OPTIONS_CONFLICT: i32 = 85;
const INDEX_KEY_CONFLICT: i32 = 86;

/// The fact that tells the version.
const SCHEMA: &str = "schema";

/// Makes what is missing. Hosts that start side by side do no harm.
pub(crate) async fn ensure(database: &Database) -> MongoResult<()> {
    let found = version(database).await?;
    for (collection, indexes) in indexes::by_collection() {
        let made = database.collection::<Document>(collection).create_indexes(indexes).await;
        made.map_err(|error| other_index(collection, error))?;
    }
    if found < 2 {
        earlier::bring_up_first(database).await?;
    }
    if found < 3 {
        earlier::bring_up_second(database).await?;
    }
    let facts = database.collection::<Document>(FACTS);
    facts.update_one(doc! { "_id": SCHEMA }, doc! { "$max": { "version": VERSION } }).upsert(true).await?;
    Ok(())
}

/// The version that is stored. What a newer one wrote is left alone.
async fn version(database: &Database) -> MongoResult<i64> {
    let found = database.collection::<Document>(FACTS).find_one(doc! { "_id": SCHEMA }).await?;
    let version = found.map_or(Ok(0), |schema| schema.get_i64("version"));
    let version = version.map_err(|error| StoreError::Corrupt(error.into()))?;
    if version > VERSION {
        let message = "the database was written by a newer version of Simulay; use that one";
        return Err(StoreError::Failed(message.into()).into());
    }
    Ok(version)
}

/// Tells of an index that is there and another.
fn other_index(collection: &str, error: mongodb::error::Error) -> Failure {
    match &*error.kind {
        ErrorKind::Command(told) if matches!(told.code, INDEX_OPTIONS_CONFLICT | INDEX_KEY_CONFLICT) => {
            let told = &told.message;
            let message =
                format!("an index of `{collection}` is another than this version makes; drop it: {told}");
            StoreError::Failed(message.into()).into()
        }
        _ => error.into(),
    }
}
