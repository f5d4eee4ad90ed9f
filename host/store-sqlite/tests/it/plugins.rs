//! Uploaded plugins.

use futures_util::future::join_all;
use simulay_model::{Plugin, PluginEvent, PluginEventKind, PluginName, PluginState};
use simulay_store::{Added, Plugins as _, StoreError};

use crate::samples::{House, now, plugin};

fn heat() -> PluginName {
    "heat".parse().unwrap()
}

#[tokio::test]
async fn a_version_reads_back_as_it_was() {
    let house = House::new();
    let plugin = plugin("heat", "1.0.0", b"component");
    assert_eq!(house.records.add(plugin.clone()).await.unwrap(), Added::New);
    let house = house.reopen();
    let stored = house.records.version(&heat(), &plugin.manifest.version).await.unwrap();
    assert_eq!(stored, Some(plugin));
    assert_eq!(house.records.version(&heat(), &"9.0.0".parse().unwrap()).await.unwrap(), None);
}

#[tokio::test]
async fn the_same_bytes_change_nothing_and_others_are_refused() {
    let house = House::new();
    let first = plugin("heat", "1.0.0", b"a");
    house.records.add(first.clone()).await.unwrap();
    assert_eq!(house.records.add(plugin("heat", "1.0.0", b"a")).await.unwrap(), Added::Known);
    let refused = house.records.add(plugin("heat", "1.0.0", b"b")).await;
    assert!(matches!(refused, Err(StoreError::VersionExists)));
    assert_eq!(house.records.list().await.unwrap(), [first.summary()]);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_uploads_at_once_one_wins() {
    let house = House::new();
    let uploads = (0..50_u8).map(|number| {
        // Half of them carry the same bytes as another.
        let plugin = plugin("heat", "1.0.0", &[number / 2]);
        let records = house.records.clone();
        tokio::spawn(async move { (plugin.sha256, records.add(plugin).await) })
    });
    let answers: Vec<_> = join_all(uploads).await.into_iter().map(Result::unwrap).collect();
    let new: Vec<_> = answers.iter().filter(|(_, answer)| matches!(answer, Ok(Added::New))).collect();
    assert_eq!(new.len(), 1);
    for (sha256, answer) in &answers {
        match answer {
            Ok(_) => assert_eq!(*sha256, new[0].0),
            Err(error) => assert!(matches!(error, StoreError::VersionExists), "{error}"),
        }
    }
    assert_eq!(answers.iter().filter(|(_, answer)| matches!(answer, Ok(Added::Known))).count(), 1);
    assert_eq!(house.records.list().await.unwrap()[0].sha256, new[0].0);
}

/// The version that serves `heat`.
async fn served(house: &House) -> Option<String> {
    let served = house.records.served(&heat()).await.unwrap();
    served.map(|plugin| plugin.manifest.version.to_string())
}

async fn set(house: &House, version: &str, state: PluginState, kind: PluginEventKind) {
    let plugin = house.records.version(&heat(), &version.parse().unwrap()).await.unwrap().unwrap();
    let event = PluginEvent { at: now(), kind, by: "someone".to_owned() };
    house.records.update(Plugin { state, ..plugin }, vec![event]).await.unwrap();
}

#[tokio::test]
async fn the_highest_active_release_is_served() {
    let house = House::new();
    assert_eq!(served(&house).await, None);
    for version in ["1.9.0", "1.10.0", "2.0.0-rc.1"] {
        house.records.add(plugin("heat", version, version.as_bytes())).await.unwrap();
    }
    assert_eq!(served(&house).await.as_deref(), Some("1.10.0"));
    set(&house, "1.10.0", PluginState::Retired, PluginEventKind::Retired).await;
    assert_eq!(served(&house).await.as_deref(), Some("1.9.0"));
    set(&house, "1.9.0", PluginState::Pending, PluginEventKind::Retired).await;
    assert_eq!(served(&house).await, None);
    house.records.add(plugin("heat", "1.10.0", b"1.10.0")).await.unwrap();
    assert_eq!(served(&house).await, None, "the same bytes again change nothing");
    set(&house, "1.10.0", PluginState::Active, PluginEventKind::Activated).await;
    assert_eq!(served(&house).await.as_deref(), Some("1.10.0"));
}

#[tokio::test]
async fn a_life_is_kept_with_what_happened() {
    let house = House::new();
    let version = "1.0.0".parse().unwrap();
    house.records.add(plugin("heat", "1.0.0", b"a")).await.unwrap();
    set(&house, "1.0.0", PluginState::Retired, PluginEventKind::RolledBack).await;
    let house = house.reopen();
    let history = house.records.history(&heat(), &version).await.unwrap();
    let told: Vec<_> = history.iter().map(|event| (event.kind, event.by.as_str())).collect();
    assert_eq!(told, [(PluginEventKind::Uploaded, "local"), (PluginEventKind::RolledBack, "someone")]);
    let missing = house.records.update(plugin("heat", "7.0.0", b"b"), Vec::new()).await;
    assert!(matches!(missing, Err(StoreError::NotFound)));
}

#[tokio::test]
async fn lists_go_by_name_and_from_the_highest_version_down() {
    let house = House::new();
    for (name, version) in [("heat", "1.9.0"), ("beam", "0.1.0"), ("heat", "1.10.0")] {
        house.records.add(plugin(name, version, version.as_bytes())).await.unwrap();
    }
    let listed = house.records.list().await.unwrap();
    let listed: Vec<_> = listed.iter().map(|plugin| format!("{}@{}", plugin.name, plugin.version)).collect();
    assert_eq!(listed, ["beam@0.1.0", "heat@1.10.0", "heat@1.9.0"]);
}
