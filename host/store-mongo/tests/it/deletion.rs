//! Runs that are deleted, and hosts that die meanwhile.

use std::time::Duration;

use mongodb::bson::{Document, doc};
use simulay_model::{Change, RunEnd, RunId};
use simulay_store::conformance::apply;
use simulay_store::conformance::samples::{self, now, planned, report, run, started};
use simulay_store::{Left, Retention as _, Runs as _};
use simulay_store_mongo::MongoStore;

use crate::server::Server;

async fn ended(records: &MongoStore) -> RunId {
    let run = run("heat");
    records.create(run.clone(), None).await.unwrap();
    apply(records, run.id, None, now(), Change::ended(RunEnd::Cancelled)).await.unwrap();
    run.id
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_left_of_a_run_but_that_it_was_deleted() {
    let server = Server::start();
    let database = server.database();
    let (records, raw) = (database.try_open().await.unwrap(), database.raw().await);
    let run = ended(&records).await;
    records.delete(run, now(), "for a test").await.unwrap();
    for collection in ["runs", "journal", "artifacts"] {
        assert_eq!(
            raw.collection::<Document>(collection).count_documents(doc! {}).await.unwrap(),
            0,
            "{collection}"
        );
    }
    let told = raw.collection::<Document>("deletions").find_one(doc! {}).await.unwrap().unwrap();
    assert_eq!(told.get_str("_id").unwrap(), run.to_string());
    assert_eq!((told.get_str("pipeline").unwrap(), told.get_str("why").unwrap()), ("heat", "for a test"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_host_left_that_died_goes_with_the_next_deletion() {
    let server = Server::start();
    let database = server.database();
    let (records, raw) = (database.try_open().await.unwrap(), database.raw().await);
    let (half, next) = (ended(&records).await, ended(&records).await);
    // As it is between the transaction and what follows it.
    raw.collection::<Document>("runs").delete_one(doc! { "_id": half.to_string() }).await.unwrap();
    let deletion = doc! { "_id": half.to_string(), "owner": "local", "unswept": true };
    raw.collection("deletions").insert_one(deletion).await.unwrap();
    let journal = raw.collection::<Document>("journal");
    assert!(journal.count_documents(doc! {}).await.unwrap() > 0);
    records.delete(next, now(), "for a test").await.unwrap();
    assert_eq!(journal.count_documents(doc! {}).await.unwrap(), 0);
    assert_eq!(raw.collection::<Document>("artifacts").count_documents(doc! {}).await.unwrap(), 0);
    let unswept = raw.collection::<Document>("deletions").count_documents(doc! { "unswept": true }).await;
    assert_eq!(unswept.unwrap(), 0);
}

/// A run that has ended with what its call left.
async fn done(records: &MongoStore) -> RunId {
    let run = run("heat");
    records.create(run.clone(), None).await.unwrap();
    let end = Change::ended(RunEnd::Succeeded(report()));
    for change in [Change::Started, planned(0, 1), started(0, 0, 0), samples::ended(0, 0, 0, 1), end] {
        apply(records, run.id, None, now(), change).await.unwrap();
    }
    run.id
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_with_very_many_files_goes_some_at_a_time() {
    let server = Server::start();
    let database = server.database();
    let (records, raw) = (database.try_open().await.unwrap(), database.raw().await);
    let (run, artifacts) = (done(&records).await, raw.collection::<Document>("artifacts"));
    let mut one = artifacts.find_one(doc! { "kind": "output" }).await.unwrap().unwrap();
    one.remove("_id");
    let many = (1000_i64..3500).map(|ordinal| {
        let mut another = one.clone();
        another.insert("ordinal", ordinal);
        another
    });
    artifacts.insert_many(many).await.unwrap();
    assert_eq!(records.let_go(Left::Outputs, Duration::ZERO).await.unwrap(), 2501);
    records.delete(run, now(), "for a test").await.unwrap();
    assert_eq!(artifacts.count_documents(doc! {}).await.unwrap(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_record_keeps_no_other_run_from_being_let_go_of() {
    let server = Server::start();
    let database = server.database();
    let (records, raw) = (database.try_open().await.unwrap(), database.raw().await);
    let damaged = done(&records).await;
    done(&records).await;
    let (journal, prefix) = (raw.collection::<Document>("journal"), format!("^{damaged}/attempt/"));
    let nonsense = doc! { "$set": { "text": "{" } };
    journal.update_many(doc! { "_id": { "$regex": prefix } }, nonsense).await.unwrap();
    assert_eq!(records.let_go(Left::Logs, Duration::ZERO).await.unwrap(), 2);
}
