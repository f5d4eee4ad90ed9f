//! What is kept no longer.

use std::time::Duration;

use rusqlite::Connection;
use simulay_blobs::BlobInventory as _;
use simulay_model::OwnerFilter::Any;
use simulay_model::{
    Account, AccountName, Change, Digest, Role, RunEnd, RunId, Scope, Token, TokenId, TokenKind,
};
use simulay_store::{Accounts as _, Left, LinkAdded, Links as _, Retention as _, Runs as _, StoreError};

use crate::samples::{House, ended, now, put, report, started};

impl House {
    /// A run that has ended with what its call left.
    async fn done(&self) -> RunId {
        let run = self.running(1).await;
        for change in [started(0, 0, 0), ended(0, 0, 0, 1), Change::ended(RunEnd::Succeeded(report()))] {
            self.apply(run, change).await.unwrap();
        }
        run
    }

    /// Makes a link to the run.
    async fn link(&self, run: RunId) {
        let name = AccountName::local();
        let account = Account { name: name.clone(), role: Role::Admin, created_at: now(), revoked_at: None };
        self.records.add_account(account).await.unwrap();
        let link = Token {
            kind: TokenKind::Api,
            parent: None,
            id: TokenId::generate(),
            account: name,
            label: String::new(),
            sha256: Digest::of(b"the secret"),
            role: Some(Role::Viewer),
            scope: Scope::Run(run),
            created_at: now(),
            expires_at: None,
            revoked_at: None,
            last_used_at: None,
        };
        assert_eq!(self.records.add_link(link, 1).await.unwrap(), LinkAdded::New);
    }

    fn rows(&self, run: RunId) -> u32 {
        let connection = Connection::open(self.directory.path().join("simulay.sqlite")).unwrap();
        let count = |table: &str| {
            let sql = format!("SELECT count(*) FROM {table} WHERE run = ?1");
            connection.query_row(&sql, [run.to_string()], |row| row.get::<_, u32>(0)).unwrap()
        };
        ["events", "artifacts", "calls", "asked", "steps", "requested", "reports", "leases", "tokens"]
            .map(count)
            .iter()
            .sum()
    }
}

const NOW: Duration = Duration::ZERO;
const HOUR: Duration = Duration::from_secs(3600);

#[tokio::test]
async fn a_run_is_deleted_whole_and_told_of() {
    let house = House::new();
    let (gone, stays, at_work) = (house.done().await, house.done().await, house.running(1).await);
    assert_eq!(house.records.ended(&Any, NOW, 10).await.unwrap(), [gone, stays]);
    assert_eq!(house.records.ended(&Any, NOW, 1).await.unwrap(), [gone]);
    assert_eq!(house.records.ended(&Any, HOUR, 10).await.unwrap(), []);
    house.link(gone).await;
    house.records.delete(gone, now(), "for a test").await.unwrap();
    assert!(house.records.get(&Any, gone).await.unwrap().is_none());
    assert_eq!(house.rows(gone), 0);
    assert!(house.rows(stays) > 0);
    assert!(matches!(house.records.delete(gone, now(), "again").await, Err(StoreError::NotFound)));
    assert!(matches!(house.records.delete(at_work, now(), "early").await, Err(StoreError::Conflict(_))));
    let connection = Connection::open(house.directory.path().join("simulay.sqlite")).unwrap();
    let sql = "SELECT pipeline || ' ' || why FROM deletions WHERE run = ?1";
    let told: String = connection.query_row(sql, [gone.to_string()], |row| row.get(0)).unwrap();
    assert_eq!(told, "heat for a test");
}

#[tokio::test]
async fn ages_are_of_the_time_observed_and_go_on_after_a_restart() {
    let house = House::new();
    let (old, blob) = (house.done().await, put(&*house.blobs, b"old").await);
    house.records.observe(HOUR).await.unwrap();
    let house = house.reopen();
    let young = house.done().await;
    assert_eq!(house.records.ended(&Any, HOUR, 10).await.unwrap(), [old]);
    assert_eq!(house.records.ended(&Any, NOW, 10).await.unwrap(), [old, young]);
    let stored = house.blobs.list().await.unwrap();
    assert_eq!(stored.iter().find(|stored| stored.blob == blob).unwrap().age, HOUR);
    assert_eq!(house.records.let_go(Left::Logs, HOUR).await.unwrap(), 2);
}
