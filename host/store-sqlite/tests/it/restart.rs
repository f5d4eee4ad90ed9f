//! What was stored is there after a restart.

use std::time::Duration;

use simulay_model::OwnerFilter::Any;
use simulay_model::{AccountName, Change, Digest, Progress, RunEnd};
use simulay_store::{
    Added, Claim, Journal as _, Outcome, Plugins as _, RequestKey, Requests as _, Runs as _, StoreError,
};

use crate::samples::{House, ended, plugin, report, run, started};

#[tokio::test]
async fn a_run_reads_back_with_all_that_happened() {
    let house = House::new();
    let run = house.running(1).await;
    for change in [started(0, 0, 0), ended(0, 0, 0, 1), Change::ended(RunEnd::Succeeded(report()))] {
        house.apply(run, change).await.unwrap();
    }
    let read = async |house: &House| {
        let records = &house.records;
        let happened =
            (records.events(&Any, run, 0, 100).await.unwrap(), records.artifacts(&Any, run).await.unwrap());
        let asked = (records.step(run, 0).await.unwrap(), records.calls(&Any, run).await.unwrap());
        (records.get(&Any, run).await.unwrap().unwrap(), happened, asked)
    };
    let before = read(&house).await;
    assert_eq!(before.0.report, Some(report()));
    assert_eq!(read(&house.reopen()).await, before);
}

#[tokio::test]
async fn a_run_that_waits_and_the_request_it_came_of_are_known() {
    let (house, run) = (House::new(), run("heat"));
    let request = RequestKey { owner: AccountName::local(), scope: "s".to_owned(), key: "k".to_owned() };
    let claim = Claim { request: request.clone(), fingerprint: Digest::of(b"body") };
    house.records.create(run.clone(), Some(claim)).await.unwrap();
    let house = house.reopen();
    assert_eq!(house.records.get(&Any, run.id).await.unwrap(), Some(run.clone()));
    assert_eq!(house.records.progress(run.id).await.unwrap(), Some(Progress::queued()));
    let found = house.records.find(&request).await.unwrap().unwrap();
    assert_eq!(found.outcome, Outcome::Run(run.id));
}

#[tokio::test]
async fn a_lease_stands_and_the_next_fence_is_above_it() {
    let (house, hour) = (House::new(), Duration::from_secs(3600));
    let run = house.run().await;
    let before = house.records.acquire_lease(run, "a", hour).await.unwrap().unwrap();
    let house = house.reopen();
    assert_eq!(house.records.acquire_lease(run, "b", hour).await.unwrap(), None);
    assert!(house.records.acquire_lease(run, "a", hour).await.unwrap().unwrap().fence > before.fence);
}

#[tokio::test]
async fn whoever_has_the_directory_to_himself_lets_go_of_all_leases() {
    let (house, hour) = (House::new(), Duration::from_secs(3600));
    let run = house.run().await;
    let before = house.records.acquire_lease(run, "an earlier life", hour).await.unwrap().unwrap();
    let house = house.reopen();
    house.records.expire_leases().await.unwrap();
    let lease = house.records.acquire_lease(run, "this life", hour).await.unwrap().unwrap();
    assert!(lease.fence > before.fence);
    assert!(matches!(house.records.renew_lease(run, before, hour).await, Err(StoreError::Fenced)));
}

#[tokio::test]
async fn a_plugin_reads_back_with_its_life() {
    let (house, plugin) = (House::new(), plugin("heat", "1.0.0", b"component"));
    assert_eq!(house.records.add(plugin.clone(), None).await.unwrap(), Added::New);
    let house = house.reopen();
    let (name, version) = (&plugin.manifest.name, &plugin.manifest.version);
    assert_eq!(house.records.version(&Any, name, version).await.unwrap().as_ref(), Some(&plugin));
    assert_eq!(house.records.history(&Any, name, version).await.unwrap().len(), 1);
}
