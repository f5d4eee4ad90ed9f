//! Data directories as earlier versions wrote them.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::Connection;
use serde_json::json;
use simulay_model::OwnerFilter::{Any, Only};
use simulay_model::{
    AccountName, CallEnd, Chain, Digest, Month, OwnerFilter, Role, RunState, Scope, Source, SystemClock,
    TokenKind, UnfinishedRun,
};
use simulay_store::{
    Accounts as _, ClaimableRun, Journal as _, Metering as _, Outcome, Plugins as _, RequestKey,
    Requests as _, Retention as _, RunQuery, Runs, StoreError, Uploads as _,
};
use simulay_store_sqlite::SqliteStore;

use crate::samples::{file_of, open};
use crate::stored::stored_in;

/// What directories of earlier schemas held, dumped from them, and the versions of those.
const BEFORE: [(u32, &str); 4] = [
    (4, include_str!("before/4.sql")),
    (5, include_str!("before/5.sql")),
    (6, include_str!("before/6.sql")),
    (8, include_str!("before/8.sql")),
];
const DONE: &str = "01a224ed-b0b5-732f-86c7-c4c4a84f7113";
const QUEUED: &str = "01a224ed-b0df-731b-9f6d-2a2901392208";

/// A directory of each earlier schema.
fn written_before() -> impl Iterator<Item = tempfile::TempDir> {
    BEFORE.into_iter().map(|(version, dump)| {
        let directory = tempfile::tempdir().unwrap();
        let records = Connection::open(directory.path().join("simulay.sqlite")).unwrap();
        records.execute_batch(dump).unwrap();
        records.pragma_update(None, "user_version", version).unwrap();
        directory
    })
}

#[tokio::test]
async fn runs_come_along_with_all_their_documents() {
    for directory in written_before() {
        let (records, _blobs) = open(directory.path()).unwrap();
        let (done, queued) = (DONE.parse().unwrap(), QUEUED.parse().unwrap());
        let run = records.get(&Any, done).await.unwrap().unwrap();
        assert_eq!(run.state, RunState::Succeeded);
        let params = r#"{"width":0.1,"tiny":5e-324,"large":18446744073709551615}"#;
        assert_eq!(run.request.params.as_str(), params, "in the order they were written");
        assert_eq!(run.request.inputs[0].path.as_str(), "mesh.csv");
        let report = run.report.unwrap();
        assert_eq!((report.outcome.as_str(), report.artifacts.len()), (r#"{"peak":0.30000000000000004}"#, 1));
        let run =
            UnfinishedRun { id: queued, owner: AccountName::local(), pipeline: "heat".parse().unwrap() };
        let waiting = ClaimableRun { run, cancel_requested: false, running: false };
        assert_eq!(records.claimable(10).await.unwrap(), [waiting]);
        let listed =
            Runs::list(&*records, &Any, RunQuery { limit: 10, ..RunQuery::default() }).await.unwrap();
        assert_eq!(listed.iter().map(|run| run.id).collect::<Vec<_>>(), [queued, done]);
        let events = records.events(&Any, done, 5, 10).await.unwrap();
        assert_eq!(
            events[0].data.document().unwrap(),
            json!({ "state": "succeeded", "outcome": { "peak": 0.1 + 0.2 } })
        );
        let version =
            records.version(&Any, &"heat".parse().unwrap(), &"1.0.0".parse().unwrap()).await.unwrap();
        assert_eq!(version.unwrap().sha256, Digest::of(b"code"));
    }
}

#[tokio::test]
async fn plans_are_read_and_what_their_calls_ask_for_is_told() {
    for directory in written_before() {
        let (records, _blobs) = open(directory.path()).unwrap();
        let done = DONE.parse().unwrap();
        let step = records.step(done, 0).await.unwrap().unwrap();
        assert_eq!(step.calls[0].files[1].content, Source::Bytes(vec![0, 1, 255]));
        let call = records.call(&Any, done, 0, 0).await.unwrap().unwrap();
        let files: Vec<_> = call.call.files.iter().map(|file| (file.sha256, file.size)).collect();
        let (text, bytes) = (&b"x = 1;"[..], &[0, 1, 255][..]);
        let inline = |bytes| (Digest::of(bytes), Some(bytes.len() as u64));
        assert_eq!(files, [inline(text), inline(bytes), (Digest::of(b"1,2"), None)]);
        assert!(matches!(call.end, Some(CallEnd::Result(_))));
    }
}

#[tokio::test]
async fn ages_go_on_from_the_latest_moment_that_is_known_of() {
    for directory in written_before() {
        let (records, _blobs) = open(directory.path()).unwrap();
        let request = RequestKey { owner: AccountName::local(), scope: "s".to_owned(), key: "k".to_owned() };
        let found = records.find(&request).await.unwrap().unwrap();
        assert_eq!(found.outcome, Outcome::Run(DONE.parse().unwrap()));
        let hour = Duration::from_secs(3600);
        assert_eq!(records.forget(hour).await.unwrap(), 0, "whatever the clock says now");
        records.observe(hour).await.unwrap();
        assert!(records.forget(hour).await.unwrap() > 0);
        assert_eq!(records.find(&request).await.unwrap(), None);
        assert_eq!(records.ended(&Any, hour, 10).await.unwrap(), [DONE.parse().unwrap()]);
    }
}

#[tokio::test]
async fn everything_belongs_to_the_one_person_there_was() {
    for directory in written_before() {
        let uploaded = Digest::of(b"in no run yet");
        let file = file_of(directory.path(), uploaded);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, b"in no run yet").unwrap();
        let (records, _blobs) = open(directory.path()).unwrap();
        let (local, other) = (Only(AccountName::local()), Only("ada".parse().unwrap()));
        let (done, heat) = (DONE.parse().unwrap(), "heat".parse().unwrap());
        let mine = vec![uploaded, Digest::of(b"1,2")];
        for (owner, there) in [(&local, true), (&other, false)] {
            assert_eq!(records.get(owner, done).await.unwrap().is_some(), there);
            assert_eq!(records.events(owner, done, 0, 10).await.unwrap().is_empty(), !there);
            assert_eq!(records.versions(owner, &heat).await.unwrap().is_empty(), !there);
            let nameable = records.nameable(owner, mine.clone()).await.unwrap();
            assert_eq!(nameable.len(), if there { mine.len() } else { 0 });
        }
        let version = "1.0.0".parse().unwrap();
        let history = records.history(&local, &heat, &version).await.unwrap();
        assert!(history.iter().all(|event| event.account == AccountName::local()), "{history:?}");
        let heat = records.version(&local, &heat, &version).await.unwrap().unwrap();
        assert_eq!(heat.uploaded_by, AccountName::local());
    }
}

#[tokio::test]
async fn an_upgrade_that_dies_before_the_blobs_are_told_of_is_made_again() {
    for (directory, (before, _)) in written_before().zip(BEFORE) {
        let blob = Digest::of(b"in no run yet");
        let dies = SqliteStore::open(directory.path(), Arc::new(SystemClock), &|| {
            Err(io::Error::from(io::ErrorKind::ReadOnlyFilesystem))
        });
        assert!(matches!(dies, Err(StoreError::Unwritable(_))));
        let records = Connection::open(directory.path().join("simulay.sqlite")).unwrap();
        let version: u32 = records.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
        assert_eq!(version, before, "nothing of it is stored");
        drop(records);
        let open =
            || SqliteStore::open(directory.path(), Arc::new(SystemClock), &|| Ok(vec![(blob, 13)])).unwrap();
        let nameable = open().nameable(&Only(AccountName::local()), vec![blob]).await.unwrap();
        assert_eq!(nameable, [blob].into_iter().collect());
    }
}

#[tokio::test]
async fn what_is_kept_is_right_from_the_start_and_nothing_was_used() {
    for directory in written_before() {
        let file = file_of(directory.path(), Digest::of(b"in no run yet"));
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, b"in no run yet").unwrap();
        let (records, _blobs) = open(directory.path()).unwrap();
        let at = records.clone().observed_clock().now();
        let present = records.present_use(&AccountName::local(), at).await.unwrap();
        assert_eq!(present.stored_bytes, stored_in(directory.path(), "local"));
        assert!(present.stored_bytes > 1000, "{present:?}");
        assert_eq!(records.usage(&Any, Month::of(at)).await.unwrap(), []);
    }
}

#[tokio::test]
async fn accounts_and_tokens_come_along() {
    let directory = written_before().last().unwrap();
    let (records, _blobs) = open(directory.path()).unwrap();
    let accounts = records.accounts().await.unwrap();
    let known: Vec<_> = accounts.iter().map(|account| (account.name.as_str(), account.role)).collect();
    assert_eq!(known, [("ada", Role::Author), ("local", Role::Admin)]);
    assert!(accounts.iter().all(|account| account.revoked_at.is_none()));
    let token = records.tokens(None).await.unwrap().remove(0);
    assert_eq!((token.kind, &token.scope, token.role), (TokenKind::Api, &Scope::All, Some(Role::Runner)));
    let (found, account) = records.token(token.sha256).await.unwrap().unwrap();
    assert_eq!((found, account.name.as_str()), (token, "ada"));
    let everybody = OwnerFilter::Shared("bob".parse().unwrap());
    let version = "1.0.0".parse().unwrap();
    assert!(records.version(&everybody, &"heat".parse().unwrap(), &version).await.unwrap().is_some());
}

#[test]
fn blobs_are_looked_for_in_an_upgrade_only() {
    for directory in written_before() {
        let open = |blobs: &dyn Fn() -> io::Result<Vec<(Digest, u64)>>| {
            SqliteStore::open(directory.path(), Arc::new(SystemClock), blobs).map(drop)
        };
        open(&|| Ok(Vec::new())).unwrap();
        open(&|| panic!("there is nothing to bring up to date")).unwrap();
    }
}

#[test]
fn a_host_of_an_earlier_version_is_left_alone() {
    for directory in written_before() {
        let refused = SqliteStore::beside(directory.path(), Arc::new(SystemClock)).err().unwrap();
        let told = Chain(&refused).to_string();
        assert!(told.contains("an earlier version of Simulay works in"), "{told}");
    }
}

#[tokio::test]
async fn requests_of_everyone_are_those_of_the_one_person() {
    let directory = written_before().last().unwrap();
    let (records, _blobs) = open(directory.path()).unwrap();
    let request =
        RequestKey { owner: AccountName::local(), scope: "POST /v1/inputs".to_owned(), key: "k".to_owned() };
    let found = records.find(&request).await.unwrap().unwrap();
    assert_eq!(found.outcome, Outcome::Answer("{}".to_owned()));
}
