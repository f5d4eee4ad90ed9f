//! What earlier versions stored, brought up to this one. Each step may break off anywhere, or be made by several hosts.

use mongodb::Database;
use mongodb::bson::{Document, doc};

use super::RUNS;
use crate::failure::MongoResult;

/// Indexes of the first version in whose place there are others.
const REPLACED: [&str; 2] = ["by_owner__id", "by_owner_pipeline_state__id"];

/// The server's codes for a collection, or an index, that is not there.
const NOT_THERE: [i32; 2] = [26, 27];

/// The kind of an error is a field of its own, so that runs are found by it.
pub(super) async fn first(database: &Database) -> MongoResult<()> {
    let runs = database.collection::<Document>(RUNS);
    let untold = doc! { "error": { "$exists": true }, "error_kind": { "$exists": false } };
    let kind = doc! { "$regexFind": { "input": "$error", "regex": r#""kind":"([a-z_]+)""# } };
    let told = doc! { "$set": { "error_kind": { "$first": { "$getField": { "field": "captures", "input": kind } } } } };
    runs.update_many(untold, vec![told]).await?;
    for index in REPLACED {
        match runs.drop_index(index).await {
            Err(error) if is_not_there(&error) => {}
            dropped => dropped?,
        }
    }
    Ok(())
}

fn is_not_there(error: &mongodb::error::Error) -> bool {
    matches!(&*error.kind, mongodb::error::ErrorKind::Command(told) if NOT_THERE.contains(&told.code))
}
