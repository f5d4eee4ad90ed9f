//! Uploaded plugins.

use futures_util::future::join_all;
use simulay_model::PluginName;
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
    assert_eq!(house.records.list().await.unwrap(), [first]);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_uploads_at_once_one_wins() {
    let house = House::new();
    let uploads = (0..32_u8).map(|number| {
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

#[tokio::test]
async fn the_latest_is_the_highest_that_is_on_offer() {
    let house = House::new();
    assert_eq!(house.records.latest(&heat()).await.unwrap(), None);
    for version in ["1.9.0", "1.10.0", "2.0.0-rc.1"] {
        house.records.add(plugin("heat", version, version.as_bytes())).await.unwrap();
    }
    let latest = async || {
        let latest = house.records.latest(&heat()).await.unwrap();
        latest.map(|plugin| plugin.manifest.version.to_string())
    };
    let retire =
        async |version: &str| house.records.retire(&heat(), &version.parse().unwrap(), now()).await.unwrap();
    assert_eq!(latest().await.as_deref(), Some("1.10.0"));
    assert!(retire("1.10.0").await);
    assert_eq!(latest().await.as_deref(), Some("1.9.0"));
    assert!(retire("1.9.0").await);
    assert_eq!(latest().await.as_deref(), Some("2.0.0-rc.1"));
    assert!(!retire("7.0.0").await);
    house.records.add(plugin("heat", "1.10.0", b"1.10.0")).await.unwrap();
    assert_eq!(latest().await.as_deref(), Some("1.10.0"), "the same bytes again are on offer again");
}

#[tokio::test]
async fn a_second_retirement_keeps_the_time_of_the_first() {
    let house = House::new();
    let plugin = plugin("heat", "1.0.0", b"a");
    house.records.add(plugin.clone()).await.unwrap();
    let (version, first) = (&plugin.manifest.version, now());
    house.records.retire(&heat(), version, first).await.unwrap();
    assert!(house.records.retire(&heat(), version, now()).await.unwrap());
    let stored = house.records.version(&heat(), version).await.unwrap().unwrap();
    assert_eq!(stored.retired_at, Some(first));
}

#[tokio::test]
async fn lists_go_by_name_and_from_the_highest_version_down() {
    let house = House::new();
    for (name, version) in [("heat", "1.9.0"), ("beam", "0.1.0"), ("heat", "1.10.0")] {
        house.records.add(plugin(name, version, version.as_bytes())).await.unwrap();
    }
    let listed = house.records.list().await.unwrap();
    let listed: Vec<_> = listed.iter().map(|plugin| plugin.reference().to_string()).collect();
    assert_eq!(listed, ["beam@0.1.0", "heat@1.10.0", "heat@1.9.0"]);
}
