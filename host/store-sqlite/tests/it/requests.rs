//! Requests that may come again.

use std::time::Duration;

use simulay_model::{Digest, PluginEvent, PluginEventKind, PluginState};
use simulay_store::{
    Claim, Outcome, Plugins as _, RequestKey, Requests as _, Retention as _, Runs as _, StoreError,
};

use crate::samples::{House, now, plugin, run};

fn request(key: &str) -> RequestKey {
    RequestKey { scope: "everyone POST /runs".to_owned(), key: key.to_owned() }
}

fn claim(key: &str) -> Claim {
    Claim { request: request(key), fingerprint: Digest::of(b"body") }
}

#[tokio::test]
async fn a_run_and_its_claim_are_stored_together_or_not_at_all() {
    let house = House::new();
    let (first, second) = (run("heat"), run("heat"));
    house.records.create(first.clone(), Some(claim("a"))).await.unwrap();
    let found = house.records.find(&request("a")).await.unwrap().unwrap();
    assert_eq!((found.fingerprint, found.outcome), (Digest::of(b"body"), Outcome::Run(first.id)));
    let again = house.records.create(second.clone(), Some(claim("a"))).await;
    assert!(matches!(again, Err(StoreError::Repeated)), "{again:?}");
    assert!(house.records.get(second.id).await.unwrap().is_none(), "a run without its claim");
    let taken = house.records.create(first.clone(), Some(claim("b"))).await;
    assert!(matches!(taken, Err(StoreError::RunExists)), "{taken:?}");
    assert_eq!(house.records.find(&request("b")).await.unwrap(), None, "a claim without its run");
    let house = house.reopen();
    assert!(house.records.find(&request("a")).await.unwrap().is_some());
}

#[tokio::test]
async fn scopes_do_not_share_keys() {
    let house = House::new();
    house.records.remember(claim("a"), "{}".to_owned()).await.unwrap();
    let other = RequestKey { scope: "someone POST /runs".to_owned(), key: "a".to_owned() };
    assert_eq!(house.records.find(&other).await.unwrap(), None);
    let again = house.records.remember(claim("a"), "[]".to_owned()).await;
    assert!(matches!(again, Err(StoreError::Repeated)));
    let found = house.records.find(&request("a")).await.unwrap().unwrap();
    assert_eq!(found.outcome, Outcome::Answer("{}".to_owned()));
}

#[tokio::test]
async fn a_plugin_changes_once_per_claim() {
    let house = House::new();
    let added = plugin("heat", "1.0.0", b"heat");
    house.records.add(added.clone()).await.unwrap();
    let retired = simulay_model::Plugin { state: PluginState::Retired, ..added };
    let event = PluginEvent { at: now(), kind: PluginEventKind::RolledBack, by: "me".to_owned() };
    for (answer, repeated) in [("first", false), ("second", true)] {
        let events = vec![event.clone()];
        let update = house.records.update_once(retired.clone(), events, claim("a"), answer.to_owned());
        assert_eq!(matches!(update.await, Err(StoreError::Repeated)), repeated);
    }
    let name = "heat".parse().unwrap();
    let history = house.records.history(&name, &"1.0.0".parse().unwrap()).await.unwrap();
    let back = history.iter().filter(|event| event.kind == PluginEventKind::RolledBack).count();
    assert_eq!(back, 1);
    let found = house.records.find(&request("a")).await.unwrap().unwrap();
    assert_eq!(found.outcome, Outcome::Answer("first".to_owned()));
}

#[tokio::test]
async fn what_is_old_is_forgotten_by_the_time_observed() {
    let (house, day) = (House::new(), Duration::from_secs(24 * 3600));
    house.records.create(run("heat"), Some(claim("old"))).await.unwrap();
    house.records.observe(day).await.unwrap();
    let house = house.reopen();
    house.records.remember(claim("new"), "{}".to_owned()).await.unwrap();
    assert_eq!(house.records.forget(day + Duration::from_secs(1)).await.unwrap(), 0);
    assert_eq!(house.records.forget(day).await.unwrap(), 1);
    assert_eq!(house.records.find(&request("old")).await.unwrap(), None);
    assert!(house.records.find(&request("new")).await.unwrap().is_some());
}
