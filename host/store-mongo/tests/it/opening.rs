//! Databases that are opened, and those that are not.

use mongodb::bson::{Document, doc};
use simulay_model::OwnerFilter::Any;
use simulay_model::{Chain, Change, Quotas, Run, RunEnd};
use simulay_store::conformance::samples::{error, now, run};
use simulay_store::conformance::{apply, sweeps};
use simulay_store::{Overview as _, PointRun, RunFilter, Runs as _, StoreError, Sweeps as _};

use crate::server::Server;

#[tokio::test]
async fn a_database_is_opened_again_as_it_was_made() {
    let server = Server::start();
    let records = server.database();
    records.try_open().await.unwrap();
    records.try_open().await.unwrap();
    let schema = records.raw().await.collection::<Document>("facts").find_one(doc! { "_id": "schema" }).await;
    assert_eq!(schema.unwrap().unwrap().get_i64("version").unwrap(), 3);
}

#[tokio::test]
async fn runs_of_the_first_version_are_found_by_the_kinds_of_their_errors() {
    let server = Server::start();
    let database = server.database();
    let records = database.try_open().await.unwrap();
    let failed = run("heat");
    records.create(failed.clone(), None).await.unwrap();
    let end = Change::ended(RunEnd::Failed(error()));
    apply(&records, failed.id, None, now(), end).await.unwrap();
    let raw = database.raw().await;
    let runs = raw.collection::<Document>("runs");
    runs.update_many(doc! {}, doc! { "$unset": { "error_kind": "" } }).await.unwrap();
    let damaged = doc! { "_id": "damaged", "error": "{" };
    runs.insert_one(damaged).await.unwrap();
    let earlier = doc! { "$set": { "version": 1_i64 } };
    raw.collection::<Document>("facts").update_one(doc! { "_id": "schema" }, earlier).await.unwrap();
    let command = doc! { "createIndexes": "runs", "indexes": [{ "key": { "owner": 1, "_id": -1 }, "name": "by_owner__id" }] };
    raw.run_command(command).await.unwrap();
    let records = database.try_open().await.unwrap();
    let filter = RunFilter { errors: vec![error().kind], ..RunFilter::default() };
    assert_eq!(records.count(&Any, &filter, 10).await.unwrap(), 1);
    let indexes = runs.list_index_names().await.unwrap();
    assert!(!indexes.contains(&"by_owner__id".to_owned()), "{indexes:?}");
}

#[tokio::test]
async fn runs_of_a_point_are_numbered_by_their_age() {
    let server = Server::start();
    let database = server.database();
    let records = database.try_open().await.unwrap();
    let sweep = sweeps::sweep("ada");
    records.add_sweep(sweep.clone(), None).await.unwrap();
    let runs: Vec<_> = [0, 1, 0].iter().map(|point| sweeps::of_point(&sweep, *point)).collect();
    let quotas = Quotas::default();
    records.commit_sweep(sweep.id, sweeps::begun(&sweep, 2), runs.clone(), &quotas).await.unwrap();
    let raw = database.raw().await;
    let heads = raw.collection::<Document>("runs");
    heads.update_many(doc! {}, doc! { "$unset": { "sweep_attempt": "" } }).await.unwrap();
    let earlier = doc! { "$set": { "version": 2_i64 } };
    raw.collection::<Document>("facts").update_one(doc! { "_id": "schema" }, earlier).await.unwrap();
    let last = |point, attempt, run: &Run| PointRun { point, attempt, run: run.id, state: run.state };
    // A host of before goes on for a while: what it writes has no number.
    let before = records.point_runs(sweep.id, 0, 10).await.unwrap();
    assert_eq!(before, [last(0, 0, &runs[2]), last(1, 0, &runs[1])]);
    let records = database.try_open().await.unwrap();
    let numbered = records.point_runs(sweep.id, 0, 10).await.unwrap();
    assert_eq!(numbered, [last(0, 1, &runs[2]), last(1, 0, &runs[1])]);
}

#[tokio::test]
async fn what_a_newer_version_wrote_is_left_alone() {
    let server = Server::start();
    let records = server.database();
    let facts = records.raw().await.collection::<Document>("facts");
    facts.insert_one(doc! { "_id": "schema", "version": 1000_i64 }).await.unwrap();
    let refused = records.try_open().await.err().unwrap();
    assert!(Chain(&refused).to_string().contains("newer version of Simulay"), "{}", Chain(&refused));
    assert!(matches!(refused, StoreError::Failed(_)), "waiting does not help");
    assert_eq!(records.raw().await.list_collection_names().await.unwrap(), ["facts"]);
}

#[tokio::test]
async fn an_index_that_is_there_and_another_is_told() {
    let server = Server::start();
    let records = server.database();
    let command = doc! {
        "createIndexes": "artifacts",
        "indexes": [{ "key": { "ordinal": 1 }, "name": "by_run_ordinal" }],
    };
    records.raw().await.run_command(command).await.unwrap();
    let refused = records.try_open().await.err().unwrap();
    assert!(
        Chain(&refused).to_string().contains("an index of `artifacts` is another"),
        "{}",
        Chain(&refused)
    );
}

#[tokio::test]
async fn a_server_that_is_no_replica_set_is_refused_with_what_to_do() {
    let server = Server::standalone();
    let refused = server.database().try_open().await.err().unwrap();
    assert!(Chain(&refused).to_string().contains("rs.initiate()"), "{}", Chain(&refused));
}

#[tokio::test]
async fn a_server_that_is_not_there_is_told() {
    let mut server = Server::own();
    server.kill();
    let refused = server.database().try_open().await.err().unwrap();
    assert!(Chain(&refused).to_string().contains(server.address()), "{}", Chain(&refused));
    assert!(matches!(refused, StoreError::Unavailable(_)));
}

#[tokio::test]
async fn what_an_address_says_of_reading_breaks_no_transaction() {
    let server = Server::start();
    let records = server.database().open_at("readPreference=secondaryPreferred").await;
    records.create(run("heat"), None).await.unwrap();
}
