//! What is kept no longer.

use std::time::Duration;

use rusqlite::Connection;
use simulay_blobs::BlobInventory as _;
use simulay_model::OwnerFilter::Any;
use simulay_model::{
    Account, AccountName, CallEnd, Change, Digest, Quotas, Role, RunEnd, RunId, Scope, Token, TokenId,
    TokenKind,
};
use simulay_store::{
    Accounts as _, Claim, Journal as _, Left, LinkAdded, Links as _, Plugins as _, RequestKey, Requests as _,
    Retention as _, Runs as _, StoreError, Upload, Uploads as _,
};

use crate::samples::{House, ended, now, plugin, put, report, run, started};

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
async fn a_run_that_a_remembered_request_tells_of_stays() {
    let house = House::new();
    let (kept, request) =
        (run("heat"), RequestKey { owner: AccountName::local(), scope: "s".to_owned(), key: "k".to_owned() });
    let claim = Claim { request, fingerprint: Digest::of(b"") };
    house.records.create(kept.clone(), Some(claim)).await.unwrap();
    house.apply(kept.id, Change::ended(RunEnd::Cancelled)).await.unwrap();
    assert_eq!(house.records.ended(&Any, NOW, 10).await.unwrap(), []);
    assert!(matches!(house.records.delete(kept.id, now(), "why").await, Err(StoreError::Conflict(_))));
    house.records.forget(NOW).await.unwrap();
    house.records.delete(kept.id, now(), "why").await.unwrap();
}

#[tokio::test]
async fn what_calls_left_goes_before_their_run() {
    let house = House::new();
    let (run, at_work) = (house.done().await, house.running(1).await);
    house.apply(at_work, started(0, 0, 0)).await.unwrap();
    house.apply(at_work, ended(0, 0, 0, 1)).await.unwrap();
    assert_eq!(house.records.let_go(Left::Logs, NOW).await.unwrap(), 2);
    assert_eq!(house.records.let_go(Left::Logs, NOW).await.unwrap(), 0);
    let call = house.records.calls(&Any, run).await.unwrap().remove(0);
    let Some(CallEnd::Result(result)) = call.end else { panic!("{call:?}") };
    assert_eq!((result.stdout_log, result.stderr_log, result.outputs.len()), (None, None, 1));
    assert_eq!(house.records.let_go(Left::Outputs, NOW).await.unwrap(), 1);
    let call = house.records.calls(&Any, run).await.unwrap().remove(0);
    let Some(CallEnd::Result(result)) = call.end else { panic!("{call:?}") };
    assert_eq!(result.outputs, []);
    let left = house.records.artifacts(&Any, run).await.unwrap();
    assert_eq!(left.iter().map(|entry| entry.artifact.path.as_str()).collect::<Vec<_>>(), ["mesh.csv"]);
    assert_eq!(house.records.artifacts(&Any, at_work).await.unwrap().len(), 4);
}

#[tokio::test]
async fn what_a_run_or_a_plugin_shows_is_known() {
    let house = House::new();
    house.records.add(plugin("heat", "1.0.0", b"code"), None).await.unwrap();
    let run = house.done().await;
    let [code, input, output, unknown] = [&b"code"[..], b"1,2", b"3,4", b"unknown"].map(Digest::of);
    let shown = house.records.shown(vec![code, input, output, unknown]).await.unwrap();
    assert!(shown.contains(&code) && shown.contains(&input) && shown.contains(&output));
    assert!(!shown.contains(&unknown));
    let own = house.records.own_bytes(run).await.unwrap();
    let records = own - (3 + 3 + 5 + 2);
    assert!((500..5000).contains(&records), "plan, report and what happened: {records}");
    assert_eq!(house.records.freeable().await.unwrap(), own, "it is the only run that may go");
    house.run().await;
    assert_eq!(house.records.own_bytes(run).await.unwrap(), own - 3, "another run has the input too");
    assert_eq!(house.records.freeable().await.unwrap(), own - 3);
    house.records.add(plugin("code", "1.0.0", b"3,4"), None).await.unwrap();
    assert_eq!(house.records.freeable().await.unwrap(), own - 6, "a plugin shows the output too");
}

#[tokio::test]
async fn what_ended_runs_share_is_free_once_all_of_them_are_gone() {
    let house = House::new();
    let runs = [house.done().await, house.done().await];
    let all = house.records.freeable().await.unwrap();
    let [first, second] = runs.map(|run| house.records.own_bytes(run));
    let (first, second) = (first.await.unwrap(), second.await.unwrap());
    assert_eq!(all, first + second + (3 + 3 + 5 + 2), "shared bytes are nobody's own, and counted once");
    house.records.delete(runs[0], now(), "for a test").await.unwrap();
    assert_eq!(house.records.own_bytes(runs[1]).await.unwrap(), all - first);
    assert_eq!(house.records.freeable().await.unwrap(), all - first);
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

#[tokio::test]
async fn who_uploaded_what_is_forgotten_by_age() {
    let house = House::new();
    let (ada, [old, again]) = ("ada".parse().unwrap(), [&b"old"[..], b"again"].map(Digest::of));
    let record = async |blobs: &[Digest]| {
        let uploads = blobs.iter().map(|blob| Upload { sha256: *blob, size: 3 }).collect();
        house.records.record(&ada, uploads, &Quotas::default()).await.unwrap();
    };
    record(&[old, again]).await;
    house.records.observe(HOUR).await.unwrap();
    record(&[again]).await;
    assert_eq!(house.records.older(HOUR).await.unwrap(), [old].into_iter().collect());
    house.records.forget_uploads(vec![old, again], HOUR).await.unwrap();
    let nameable = house.records.nameable(&Any, vec![old, again]).await.unwrap();
    assert_eq!(nameable, [again].into_iter().collect(), "it was uploaded once more since");
}
