//! Data directories as the version before wrote them.

use std::time::Duration;

use rusqlite::Connection;
use serde_json::json;
use simulay_model::{CallEnd, Digest, RunState, Source};
use simulay_store::{
    Journal as _, Outcome, Plugins as _, RequestKey, Requests as _, Retention as _, RunQuery, Runs,
};
use simulay_store_sqlite::open;

/// What the schema of version 4 held, dumped from a directory of that version.
const BEFORE: &str = include_str!("before.sql");
const DONE: &str = "01a224ed-b0b5-732f-86c7-c4c4a84f7113";
const QUEUED: &str = "01a224ed-b0df-731b-9f6d-2a2901392208";

fn written_before() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    let records = Connection::open(directory.path().join("simulay.sqlite")).unwrap();
    records.execute_batch(BEFORE).unwrap();
    records.pragma_update(None, "user_version", 4).unwrap();
    directory
}

#[tokio::test]
async fn runs_come_along_with_all_their_documents() {
    let directory = written_before();
    let (records, _blobs) = open(directory.path()).unwrap();
    let (done, queued) = (DONE.parse().unwrap(), QUEUED.parse().unwrap());
    let run = records.get(done).await.unwrap().unwrap();
    assert_eq!(run.state, RunState::Succeeded);
    let params = r#"{"width":0.1,"tiny":5e-324,"large":18446744073709551615}"#;
    assert_eq!(run.request.params.as_str(), params, "in the order they were written");
    assert_eq!(run.request.inputs[0].path.as_str(), "mesh.csv");
    let report = run.report.unwrap();
    assert_eq!((report.outcome.as_str(), report.artifacts.len()), (r#"{"peak":0.30000000000000004}"#, 1));
    assert_eq!(records.unfinished().await.unwrap(), [(queued, "heat".parse().unwrap())]);
    let listed = Runs::list(&*records, RunQuery { limit: 10, ..RunQuery::default() }).await.unwrap();
    assert_eq!(listed.iter().map(|run| run.id).collect::<Vec<_>>(), [queued, done]);
    let events = records.events(done, 5, 10).await.unwrap();
    assert_eq!(
        events[0].data.document().unwrap(),
        json!({ "state": "succeeded", "outcome": { "peak": 0.1 + 0.2 } })
    );
    let version = records.version(&"heat".parse().unwrap(), &"1.0.0".parse().unwrap()).await.unwrap();
    assert_eq!(version.unwrap().sha256, Digest::of(b"code"));
}

#[tokio::test]
async fn plans_are_read_and_what_their_calls_ask_for_is_told() {
    let directory = written_before();
    let (records, _blobs) = open(directory.path()).unwrap();
    let done = DONE.parse().unwrap();
    let step = records.step(done, 0).await.unwrap().unwrap();
    assert_eq!(step.calls[0].files[1].content, Source::Bytes(vec![0, 1, 255]));
    let call = records.call(done, 0, 0).await.unwrap().unwrap();
    let files: Vec<_> = call.call.files.iter().map(|file| (file.sha256, file.size)).collect();
    let (text, bytes) = (&b"x = 1;"[..], &[0, 1, 255][..]);
    let inline = |bytes| (Digest::of(bytes), Some(bytes.len() as u64));
    assert_eq!(files, [inline(text), inline(bytes), (Digest::of(b"1,2"), None)]);
    assert!(matches!(call.end, Some(CallEnd::Result(_))));
}

#[tokio::test]
async fn ages_go_on_from_the_latest_moment_that_is_known_of() {
    let directory = written_before();
    let (records, _blobs) = open(directory.path()).unwrap();
    let request = RequestKey { scope: "s".to_owned(), key: "k".to_owned() };
    let found = records.find(&request).await.unwrap().unwrap();
    assert_eq!(found.outcome, Outcome::Run(DONE.parse().unwrap()));
    let hour = Duration::from_secs(3600);
    assert_eq!(records.forget(hour).await.unwrap(), 0, "whatever the clock says now");
    records.observe(hour).await.unwrap();
    assert_eq!(records.forget(hour).await.unwrap(), 1);
    assert_eq!(records.ended(hour, 10).await.unwrap(), [DONE.parse().unwrap()]);
}
