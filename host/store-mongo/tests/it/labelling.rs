//! Entries of journals that the first version wrote: they tell their run by their key only.

use std::time::Duration;

use mongodb::bson::{Document, doc};
use mongodb::{Collection, Database};
use simulay_model::{Change, OwnerFilter, RunEnd, RunId};
use simulay_store::conformance::apply;
use simulay_store::conformance::samples::{now, planned, run, started};
use simulay_store::{Journal as _, Retention as _, Runs as _};
use simulay_store_mongo::MongoStore;

use crate::server::Server;

const HOUR: Duration = Duration::from_secs(3600);

fn journal(raw: &Database) -> Collection<Document> {
    raw.collection("journal")
}

/// Has all entries as the first version wrote them.
async fn unlabel(raw: &Database) {
    journal(raw).update_many(doc! {}, doc! { "$unset": { "run": "" } }).await.unwrap();
}

async fn unlabelled(raw: &Database) -> u64 {
    journal(raw).count_documents(doc! { "run": null }).await.unwrap()
}

/// A run that began, and all that is told of it.
async fn begun(records: &MongoStore) -> RunId {
    let run = run("heat");
    records.create(run.clone(), None).await.unwrap();
    for change in [Change::Started, planned(0, 1), started(0, 0, 0)] {
        apply(records, run.id, None, now(), change).await.unwrap();
    }
    run.id
}

#[tokio::test(flavor = "multi_thread")]
async fn entries_are_found_changed_and_deleted_whether_they_tell_their_run_or_not() {
    let server = Server::start();
    let database = server.database();
    let (records, raw) = (database.try_open().await.unwrap(), database.raw().await);
    let run = begun(&records).await;
    assert_eq!(unlabelled(&raw).await, 0);
    let told = async || {
        let events = records.events(&OwnerFilter::Any, run, 0, 100).await.unwrap();
        (events, records.calls(&OwnerFilter::Any, run).await.unwrap())
    };
    let before = told().await;
    assert_eq!((before.0.len(), before.1.len()), (4, 1));
    unlabel(&raw).await;
    assert_eq!(told().await, before);
    apply(&records, run, None, now(), Change::ended(RunEnd::Cancelled)).await.unwrap();
    records.delete(run, now(), "for a test").await.unwrap();
    assert_eq!(journal(&raw).count_documents(doc! {}).await.unwrap(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_collects_has_entries_tell_their_run_once() {
    let server = Server::start();
    let database = server.database();
    let (records, raw) = (database.try_open().await.unwrap(), database.raw().await);
    let runs = [begun(&records).await, begun(&records).await];
    unlabel(&raw).await;
    assert!(records.begin_collecting(HOUR).await.unwrap());
    assert_eq!(unlabelled(&raw).await, 0);
    for run in runs {
        let entries = journal(&raw).count_documents(doc! { "run": run.to_string() }).await.unwrap();
        let keys = doc! { "_id": { "$regex": format!("^{run}/") } };
        assert_eq!(entries, journal(&raw).count_documents(keys).await.unwrap());
    }
    let facts = raw.collection::<Document>("facts").find_one(doc! { "_id": "journal_runs" }).await;
    assert!(facts.unwrap().unwrap().get_bool("done").unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn labelling_that_broke_off_goes_on_where_it_was() {
    let server = Server::start();
    let database = server.database();
    let (records, raw) = (database.try_open().await.unwrap(), database.raw().await);
    let mut runs = [begun(&records).await, begun(&records).await].map(|run| run.to_string());
    runs.sort_unstable();
    unlabel(&raw).await;
    let fact = doc! { "_id": "journal_runs", "last": &runs[0] };
    raw.collection("facts").insert_one(fact).await.unwrap();
    assert!(records.begin_collecting(HOUR).await.unwrap());
    for (run, entries_without) in runs.iter().zip([true, false]) {
        let without = doc! { "_id": { "$regex": format!("^{run}/") }, "run": null };
        assert_eq!(journal(&raw).count_documents(without).await.unwrap() > 0, entries_without, "{run}");
    }
}
