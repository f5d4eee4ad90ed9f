//! What earlier versions stored, brought up to this one. Each step may break off anywhere, or be made by several hosts.

use futures_util::TryStreamExt as _;
use mongodb::bson::{Document, doc};
use mongodb::error::ErrorKind;
use mongodb::{Collection, Database};
use simulay_model::RunError;

use super::RUNS;
use crate::failure::MongoResult;
use crate::fields::json;

/// Indexes of the first version in whose place there are others.
const REPLACED: [&str; 2] = ["by_owner__id", "by_owner_pipeline_state__id"];
/// The same of the second.
const REPLACED_SECOND: [&str; 1] = ["by_sweep_sweep_point__id_state"];

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
    drop_indexes(&runs, &REPLACED).await
}

/// Numbers the runs of each point of a sweep by their age.
pub(super) async fn bring_up_second(database: &Database) -> MongoResult<()> {
    let runs = database.collection::<Document>(RUNS);
    let of_sweeps = runs.find(doc! { "sweep": { "$exists": true } });
    let of_sweeps = of_sweeps.sort(doc! { "sweep": 1, "sweep_point": 1, "_id": 1 });
    let mut found = of_sweeps.projection(doc! { "sweep": 1, "sweep_point": 1, "sweep_attempt": 1 }).await?;
    let (mut point, mut attempt) = (None, 0_i64);
    while let Some(run) = found.try_next().await? {
        let of_run = (run.get("sweep").cloned(), run.get("sweep_point").cloned());
        attempt = if point.as_ref() == Some(&of_run) { attempt.saturating_add(1) } else { 0 };
        point = Some(of_run);
        if !run.contains_key("sweep_attempt") {
            let numbered = doc! { "$set": { "sweep_attempt": attempt } };
            runs.update_one(doc! { "_id": run.get("_id") }, numbered).await?;
        }
    }
    drop_indexes(&runs, &REPLACED_SECOND).await
}

async fn drop_indexes(runs: &Collection<Document>, indexes: &[&str]) -> MongoResult<()> {
    for index in indexes {
        match runs.drop_index(*index).await {
            Err(error) if is_not_there(&error) => {}
            dropped => dropped?,
        }
    }
    Ok(())
}

fn is_not_there(error: &mongodb::error::Error) -> bool {
    matches!(&*error.kind, ErrorKind::Command(told) if NOT_THERE.contains(&told.code))
}
