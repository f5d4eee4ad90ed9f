//! What is kept for each account: counted as it comes and goes, and never otherwise than by looking at all.

use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;
use simulay_model::OwnerFilter::{Any, Only};
use simulay_model::{AccountName, Change, Digest, Quotas, Run, RunEnd, RunId};
use simulay_store::{Left, Metering as _, Retention as _, Runs as _, Upload, Uploads as _};

use crate::samples::{House, ended, now, planned, report, run, started};

const NOW: Duration = Duration::ZERO;

/// What is kept, found by looking at everything.
const LOOKED_AT: &str = "SELECT
    (SELECT coalesce(sum(size), 0) FROM (SELECT sha256, max(size) AS size FROM
        (SELECT sha256, size FROM artifacts WHERE owner = ?1 UNION ALL
        SELECT sha256, size FROM uploads WHERE owner = ?1) GROUP BY sha256))
    + (SELECT coalesce(sum(bytes), 0) FROM records JOIN runs ON runs.id = run WHERE owner = ?1)";

fn account(name: &str) -> AccountName {
    name.parse().unwrap()
}

/// What is kept for an account in a directory, which is what is there.
#[track_caller]
pub(crate) fn stored_in(directory: &Path, owner: &str) -> u64 {
    let connection = Connection::open(directory.join("simulay.sqlite")).unwrap();
    let looked_at: i64 = connection.query_row(LOOKED_AT, [owner], |row| row.get(0)).unwrap();
    let sql = "SELECT coalesce(sum(blob_bytes + record_bytes), 0) FROM stored WHERE owner = ?1";
    let counted: i64 = connection.query_row(sql, [owner], |row| row.get(0)).unwrap();
    assert_eq!(counted, looked_at, "{owner}");
    u64::try_from(counted).unwrap()
}

impl House {
    #[track_caller]
    fn stored(&self, owner: &str) -> u64 {
        stored_in(self.directory.path(), owner)
    }

    async fn sent(&self, owner: &str, bytes: &[u8]) {
        let upload = Upload { sha256: Digest::of(bytes), size: bytes.len() as u64 };
        self.records.record(&account(owner), vec![upload], &Quotas::default()).await.unwrap();
    }

    async fn done_by(&self, owner: &str) -> RunId {
        let run = Run { owner: account(owner), ..run("heat") };
        self.records.create(run.clone(), None).await.unwrap();
        for change in [
            Change::Started,
            planned(0, 2),
            started(0, 0, 0),
            ended(0, 0, 0, 1),
            started(0, 1, 0),
            ended(0, 1, 0, 1),
            Change::ended(RunEnd::Succeeded(report())),
        ] {
            self.apply(run.id, change).await.unwrap();
            self.stored(owner);
        }
        run.id
    }
}

#[tokio::test]
async fn what_is_kept_is_counted_as_it_comes_and_goes() {
    let house = House::new();
    assert_eq!(house.stored("ada"), 0);
    house.sent("ada", b"three").await;
    house.sent("ada", b"three").await;
    assert_eq!(house.stored("ada"), 5);
    let (first, second) = (house.done_by("ada").await, house.done_by("ada").await);
    let of_bob = house.done_by("bob").await;
    let (ada, bob) = (house.stored("ada"), house.stored("bob"));
    assert!(ada > bob && bob > 1000, "{ada} {bob}");
    assert!(house.records.let_go(Left::Logs, NOW).await.unwrap() > 0);
    assert!(house.stored("ada") < ada && house.stored("bob") < bob);
    assert!(house.records.let_go(Left::Outputs, NOW).await.unwrap() > 0);
    house.stored("ada");
    house.records.delete(first, now(), "for a test").await.unwrap();
    assert!(house.stored("ada") > 5 + 1000);
    house.records.delete(second, now(), "for a test").await.unwrap();
    assert_eq!(house.stored("ada"), 5);
    assert!(house.stored("bob") > 1000);
    house.records.delete(of_bob, now(), "for a test").await.unwrap();
    house.records.forget_uploads(vec![Digest::of(b"three")], NOW).await.unwrap();
    assert_eq!((house.stored("ada"), house.stored("bob")), (0, 0));
}

#[tokio::test]
async fn what_may_be_deleted_is_known_for_each_account() {
    let house = House::new();
    assert!(house.records.deletable_bytes().await.unwrap().is_empty());
    let (first, _second) = (house.done_by("ada").await, house.done_by("ada").await);
    house.done_by("bob").await;
    house.sent("eve", b"no run").await;
    house.running(1).await;
    let bytes = house.records.deletable_bytes().await.unwrap();
    assert_eq!(bytes[&account("ada")], house.stored("ada"));
    assert_eq!(bytes[&account("bob")], house.stored("bob"));
    assert_eq!(bytes.len(), 2, "{bytes:?}");
    assert_eq!(house.records.ended(&Only(account("ada")), NOW, 1).await.unwrap(), [first]);
    assert_eq!(house.records.ended(&Only(account("eve")), NOW, 1).await.unwrap(), []);
}

#[tokio::test]
async fn an_upload_that_a_run_shows_counts_until_both_are_gone() {
    let house = House::new();
    house.sent("ada", b"1,2").await;
    let run = house.done_by("ada").await;
    let with_both = house.stored("ada");
    house.records.forget_uploads(vec![Digest::of(b"1,2")], NOW).await.unwrap();
    assert_eq!(house.stored("ada"), with_both, "the run was given it");
    house.sent("ada", b"1,2").await;
    assert_eq!(house.stored("ada"), with_both);
    house.records.delete(run, now(), "for a test").await.unwrap();
    assert_eq!(house.stored("ada"), 3);
}

#[tokio::test]
async fn what_is_kept_and_used_outlives_a_restart() {
    let house = House::new();
    house.sent("ada", b"three").await;
    house.done_by("ada").await;
    let before = house.records.present_use(&account("ada"), now()).await.unwrap();
    let house = house.reopen();
    let after = house.records.present_use(&account("ada"), now()).await.unwrap();
    assert_eq!(before.stored_bytes, after.stored_bytes);
    let month = simulay_model::Month::of(now());
    let days = house.records.usage(&Any, month).await.unwrap();
    assert_eq!(days.iter().map(|day| day.usage.containers).sum::<u64>(), 2);
}
