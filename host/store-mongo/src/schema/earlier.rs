//! What earlier versions stored, brought up to this one. Each step may break off anywhere, or be made by several hosts.

use futures_util::TryStreamExt as _;
use mongodb::Database;
use mongodb::bson::{Document, doc};
use mongodb::error::ErrorKind;
use simulay_model::RunError;

use super::RUNS;
use crate::failure::MongoResult;
use crate::fields::json;

/// Indexes of the first version in whose place there are others.
const REPLACED: [&str; 2] = ["by_owner__id", "by_owner_pipeline_state__id"];

/// The server's codes for a collection, or an index, that is not there.
const NOT_THERE: [i32; 2] = [26, 27];

/// Writes down of which kind errors are, so that runs are found by it. One that is damaged damages its run only.
pub(super) async fn bring_up_first(database: &Database) -> MongoResult<()> {
    let runs = database.collection::<Document>(RUNS);
    let untold = doc! { "error": { "$exists": true }, "error_kind": { "$exists": false } };
    let mut found = runs.find(untold).projection(doc! { "error": 1 }).await?;
    while let Some(run) = found.try_next().await? {
        if let Ok(error) = json::<RunError>(&run, "error") {
            let told = doc! { "$set": { "error_kind": error.kind.as_str() } };
            runs.update_one(doc! { "_id": run.get("_id") }, told).await?;
        }
    }
    for index in REPLACED {
        match runs.drop_index(index).await {
            Err(error) if is_not_there(&error) => {}
            dropped => dropped?,
        }
    }
    Ok(())
}

fn is_not_there(error: &mongodb::error::Error) -> bool {
    matches!(&*error.kind, ErrorKind::Command(told) if NOT_THERE.contains(&told.code))
}
