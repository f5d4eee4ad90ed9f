//! What lies in the data directory: known schema, damage told.

use rusqlite::Connection;
use simulay_model::Chain;
use simulay_model::OwnerFilter::Any;
use simulay_store::{RunQuery, Runs as _, StoreError};

use crate::samples::{Failure, House, open};

#[test]
fn a_newer_schema_is_refused() {
    let house = House::new();
    let House { directory, records, blobs } = house;
    drop((records, blobs));
    let database = Connection::open(directory.path().join("simulay.sqlite")).unwrap();
    database.pragma_update(None, "user_version", 9999).unwrap();
    drop(database);
    let Err(Failure::Records(refused)) = open(directory.path()) else { panic!("it is not refused") };
    let told = Chain(&refused).to_string();
    assert!(told.contains("newer version of Simulay"), "{told}");
}

#[test]
fn a_file_that_is_no_database_is_told_as_damage() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("simulay.sqlite"), vec![b'x'; 8192]).unwrap();
    let refused = open(directory.path()).err();
    assert!(matches!(refused, Some(Failure::Records(StoreError::Corrupt(_)))), "{refused:?}");
}

#[tokio::test]
async fn a_damaged_run_hides_no_other() {
    let house = House::new();
    let (damaged, whole) = (house.run().await, house.run().await);
    let database = Connection::open(house.directory.path().join("simulay.sqlite")).unwrap();
    let damage = |sql: &str| assert_eq!(database.execute(sql, [damaged.to_string()]).unwrap(), 1);
    let listed = async || {
        let listed = house.records.list(&Any, RunQuery { limit: 10, ..RunQuery::default() }).await.unwrap();
        listed.into_iter().map(|run| run.id).collect::<Vec<_>>()
    };
    let claimable = async || {
        let claimable = house.records.claimable(10).await.unwrap();
        claimable.into_iter().map(|claimable| claimable.run.id).collect::<Vec<_>>()
    };
    damage("UPDATE requested SET params = '{' WHERE run = ?1");
    assert!(matches!(house.records.get(&Any, damaged).await, Err(StoreError::Corrupt(_))));
    assert_eq!(listed().await, [whole, damaged], "lists read no documents");
    damage("UPDATE runs SET created_at = '?' WHERE id = ?1");
    assert_eq!(listed().await, [whole]);
    assert_eq!(claimable().await, [damaged, whole]);
    damage("UPDATE runs SET pipeline = '?' WHERE id = ?1");
    assert_eq!(claimable().await, [whole]);
}
