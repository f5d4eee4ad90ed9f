//! What becomes of a server whose disk fills, and of what it keeps no longer.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use axum::http::{Method, Request};
use serde_json::{Value, json};
use simulay_api::ApiSettings;
use simulay_api::wire::{InputStored, RunState};
use simulay_containers::scripted::Act;
use simulay_engine::{Collected, RetentionRules, Settings, collect};
use tempfile::TempDir;

use crate::house::{Answer, House, PATIENCE, me};
use crate::scripts::{HEAT, HEAT_FORGED, HEAT_NEWER};

const RUNS: &str = "/v1/pipelines/heat/runs";
const MIB: usize = 1 << 20;

/// A file system of its own; gone when dropped.
struct Disk {
    mount: PathBuf,
    _parent: TempDir,
}

impl Disk {
    /// `None`, and a word about it, where nothing may be mounted.
    fn new(mib: u32) -> Option<Self> {
        let parent = tempfile::tempdir().unwrap();
        let mount = parent.path().join("disk");
        fs::create_dir(&mount).unwrap();
        let mut command = Command::new("mount");
        command.args(["-t", "tmpfs", "-o", &format!("size={mib}m"), "none"]).arg(&mount);
        let mounted = command.status().is_ok_and(|status| status.success());
        if !mounted {
            eprintln!("SKIPPED: nothing may be mounted here; run this test as root");
        }
        mounted.then_some(Self { mount, _parent: parent })
    }

    /// Takes `size` bytes, or all that is left.
    fn fill(&self, size: usize) {
        let mut file = File::create(self.mount.join("filler")).unwrap();
        let piece = vec![1; 4096];
        for _ in 0..size / piece.len() {
            if file.write_all(&piece).is_err() {
                break;
            }
        }
    }

    fn empty(&self) {
        fs::remove_file(self.mount.join("filler")).unwrap();
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // What still writes there ends with the test: the mount goes when it has.
        let _ = Command::new("umount").arg("--lazy").arg(&self.mount).status();
    }
}

impl Disk {
    async fn house(&self) -> House {
        let data = tempfile::tempdir_in(&self.mount).unwrap();
        let settings = Settings { min_free_bytes: 4 << 20, ..Settings::default() };
        let house = House::over(data, &ApiSettings::default(), settings);
        house.upload(HEAT).await.expect(201);
        house
    }
}

async fn upload(house: &House) -> Answer {
    house.upload(HEAT_NEWER).await
}

async fn input(house: &House) -> Answer {
    house.send(Request::post("/v1/inputs"), "1,2").await
}

#[tokio::test]
async fn with_little_room_new_work_is_refused_and_the_rest_goes_on() {
    let Some(disk) = Disk::new(16) else { return };
    let house = disk.house().await;
    house.containers.on("solve", Act::exits(0).held());
    let run = house.start(&json!({})).await;
    house.until_at_work().await;
    disk.fill(13 * MIB);
    for refused in [house.post(RUNS, "{}").await, input(&house).await, upload(&house).await] {
        let problem = refused.problem(507, "storage_low");
        assert!(problem.detail.contains("MiB are free") && problem.detail.contains("4 MiB are kept"));
        assert_eq!(problem.retry_after_s, Some(60));
    }
    assert!(house.get("/readyz").await.problem(503, "not_ready").detail.contains("MiB are free"));
    house.get(&format!("/v1/runs/{}", run.id)).await.expect(200);
    house.post(&format!("/v1/runs/{}/cancel", run.id), "").await.expect(202);
    let cancelled = house.engine.reader.wait(&me(), run.id, PATIENCE).await.unwrap().unwrap();
    assert_eq!(RunState::from(cancelled.state), RunState::Cancelled);
    disk.empty();
    house.get("/readyz").await.expect(200);
    house.post(RUNS, "{}").await.expect(202);
    upload(&house).await.expect(201);
    input(&house).await.expect(201);
}

#[tokio::test]
async fn runs_at_work_outlast_a_full_disk() {
    let Some(disk) = Disk::new(16) else { return };
    let house = disk.house().await;
    let act = Act::exits(0).output("out.bin", vec![7; MIB]);
    house.containers.on("solve", act.held());
    let run = house.start(&json!({})).await;
    house.until_at_work().await;
    disk.fill(16 * MIB);
    let refused = house.post(RUNS, "{}").await.problem(507, "storage_low");
    assert!(!refused.detail.is_empty());
    house.get("/readyz").await.problem(503, "not_ready");
    house.containers.release("solve");
    // It cannot end: neither its output nor its end can be stored.
    let waited = house.engine.reader.wait(&me(), run.id, Duration::from_secs(1)).await.unwrap().unwrap();
    assert!(!waited.state.is_end(), "{waited:?}");
    disk.empty();
    let ended = house.engine.reader.wait(&me(), run.id, PATIENCE).await.unwrap().unwrap();
    assert_eq!(RunState::from(ended.state), RunState::Succeeded, "{:?}", ended.error);
    house.post(RUNS, "{}").await.expect(202);
    house.get("/readyz").await.expect(200);
}

#[tokio::test]
async fn runs_at_work_leave_the_floor_alone_and_can_be_cancelled_there() {
    let Some(disk) = Disk::new(32) else { return };
    let house = disk.house().await;
    let act = Act::exits(0).output("out.bin", vec![7; 8 * MIB]);
    house.containers.on("solve", act.held());
    let run = house.start(&json!({})).await;
    house.until_at_work().await;
    let free = house.kept.space.free().await.unwrap() as usize;
    disk.fill(free - 6 * MIB);
    house.get("/readyz").await.expect(200);
    house.containers.release("solve");
    let waited = house.engine.reader.wait(&me(), run.id, Duration::from_secs(1)).await.unwrap().unwrap();
    assert!(!waited.state.is_end(), "{waited:?}");
    assert!(house.kept.space.free().await.unwrap() >= 4 << 20, "the floor was passed");
    house.post(&format!("/v1/runs/{}/cancel", run.id), "").await.expect(202);
    let cancelled = house.engine.reader.wait(&me(), run.id, PATIENCE).await.unwrap().unwrap();
    assert_eq!(RunState::from(cancelled.state), RunState::Cancelled);
}

#[tokio::test]
async fn a_run_can_be_cancelled_on_a_disk_that_is_full() {
    let Some(disk) = Disk::new(16) else { return };
    let house = disk.house().await;
    house.containers.on("solve", Act::exits(0).held());
    let run = house.start(&json!({})).await;
    house.until_at_work().await;
    disk.fill(16 * MIB);
    house.post(&format!("/v1/runs/{}/cancel", run.id), "").await.expect(202);
    let cancelled = house.engine.reader.wait(&me(), run.id, PATIENCE).await.unwrap().unwrap();
    assert_eq!(RunState::from(cancelled.state), RunState::Cancelled);
    house.get("/readyz").await.problem(503, "not_ready");
    disk.empty();
    house.get("/readyz").await.expect(200);
}

#[tokio::test]
async fn what_is_refused_leaves_no_bytes_behind() {
    let house = House::with_heat().await;
    let before = house.kept.inventory.list().await.unwrap().len();
    house.upload(HEAT_FORGED).await.problem(409, "plugin_version_exists");
    assert_eq!(house.kept.inventory.list().await.unwrap().len(), before);
    let keyed = || Request::post("/v1/inputs").header("idempotency-key", "k");
    house.send(keyed(), "1,2").await.expect(201);
    house.send(keyed(), "3,4").await.problem(422, "idempotency_key_reused");
    assert_eq!(house.kept.inventory.list().await.unwrap().len(), before + 1);
    house.send(keyed(), "1,2").await.expect(201);
}

/// Lets everything go that has ended.
fn nothing_stays() -> RetentionRules {
    RetentionRules { runs: Some(Duration::ZERO), unused: Duration::ZERO, ..RetentionRules::default() }
}

/// The next run leaves this.
fn leaves(house: &House, byte: u8) {
    house.containers.on("solve", Act::exits(0).output("out.bin", vec![byte; MIB]));
}

#[tokio::test]
async fn old_runs_go_with_what_only_they_show() {
    let house = House::with_heat().await;
    leaves(&house, 1);
    house.containers.on("solve", Act::exits(0).held());
    let old = house.ended(&json!({})).await;
    let at_work = house.start(&json!({})).await;
    let dry = collect(&house.kept, &nothing_stays(), true).await;
    // What a dry run deletes, it deletes in a copy; here it is the real records.
    let Collected { runs, blobs, bytes, .. } = dry.unwrap();
    assert_eq!(runs, 1);
    assert!(blobs >= 1 && bytes >= MIB as u64);
    let path = format!("/v1/runs/{}", old.id);
    house.get(&path).await.problem(404, "not_found");
    let real = collect(&house.kept, &nothing_stays(), false).await.unwrap();
    assert_eq!((real.blobs, real.bytes), (blobs, bytes), "as it was foretold");
    assert_eq!(real.left, HEAT.len() as u64, "the plugin stays");
    house.containers.release("solve");
    let run = house.engine.reader.wait(&me(), at_work.id, PATIENCE).await.unwrap().unwrap();
    assert_eq!(RunState::from(run.state), RunState::Succeeded);
}

#[tokio::test]
async fn an_upload_stays_until_it_was_unused_for_long() {
    let house = House::with_heat().await;
    let input = house.input(b"1,2").await;
    let keep = RetentionRules { runs: Some(Duration::ZERO), ..RetentionRules::default() };
    assert_eq!(collect(&house.kept, &keep, false).await.unwrap().blobs, 0);
    let body = json!({ "inputs": [{ "path": "mesh.csv", "sha256": input.sha256 }] });
    house.post(RUNS, body.to_string()).await.expect(202);
    assert_eq!(collect(&house.kept, &keep, false).await.unwrap().blobs, 0);
}

#[tokio::test]
async fn above_its_bound_the_run_that_ended_first_goes_first() {
    let house = House::with_heat().await;
    (1..=3).for_each(|byte| leaves(&house, byte));
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(house.ended(&json!({})).await.id);
    }
    let bound = Some((3 * MIB / 2) as u64);
    let rules = RetentionRules { max_bytes: bound, unused: Duration::ZERO, ..RetentionRules::default() };
    let large = house.send(Request::post("/v1/inputs"), vec![9; 8 * MIB]).await.expect(201);
    let large: InputStored = large.document();
    let young = RetentionRules { unused: Duration::from_secs(3600), ..rules.clone() };
    let collected = collect(&house.kept, &young, false).await.unwrap();
    assert_eq!((collected.runs, collected.blobs), (2, 0), "what went is young: {collected:?}");
    assert_eq!(collect(&house.kept, &young, false).await.unwrap().runs, 0, "an hour later nothing more goes");
    let probe = format!("/v1/inputs/{}", large.sha256);
    house.method(Method::HEAD, &probe).await.expect(200);
    let collected = collect(&house.kept, &rules, false).await.unwrap();
    assert_eq!((collected.runs, collected.blobs), (0, 3), "{collected:?}");
    assert!(collected.left <= 3 * MIB as u64 / 2);
    for (id, status) in ids.iter().zip([404, 404, 200]) {
        house.get(&format!("/v1/runs/{id}")).await.expect(status);
    }
    assert_eq!(collect(&house.kept, &rules, false).await.unwrap().runs, 0);
}

#[tokio::test]
async fn above_the_bound_whoever_keeps_most_gives_first() {
    let house = House::new();
    house.shared_heat().await;
    (1..=5).for_each(|byte| leaves(&house, byte));
    let mut ids = Vec::new();
    for account in ["bob", "ada", "ada", "ada", "eve"] {
        let run: Value = house.whole_run_of(account).await.expect(200).document();
        ids.push((account, run["id"].as_str().unwrap().to_owned()));
    }
    let rules = RetentionRules { max_bytes: Some((7 * MIB / 2) as u64), ..RetentionRules::default() };
    assert_eq!(collect(&house.kept, &rules, false).await.unwrap().runs, 2);
    for ((account, id), status) in ids.iter().zip([200, 404, 404, 200, 200]) {
        let run = Request::get(format!("/v1/runs/{id}"));
        house.of(account, run, "").await.expect(status);
    }
}

#[tokio::test]
async fn what_is_full_says_when_to_come_back() {
    let settings = ApiSettings { max_previews: 0, max_inputs: 0, max_streams: 0, ..ApiSettings::default() };
    let house = House::with(&settings, Settings::default());
    house.upload(HEAT).await.expect(201);
    let run = house.start(&json!({})).await;
    for (refused, told) in [
        (house.post("/v1/pipelines/heat/preview", "{}").await, "previews"),
        (input(&house).await, "uploads of inputs"),
        (house.get(&format!("/v1/runs/{}/events", run.id)).await, "`server.max_streams`"),
        (house.get(&format!("/v1/runs/{}/calls/0/0/logs/stdout", run.id)).await, "`server.max_streams`"),
    ] {
        let problem = refused.problem(429, "rate_limited");
        assert!(problem.retry_after_s.is_some() && problem.detail.contains(told), "{problem:?}");
    }
}
