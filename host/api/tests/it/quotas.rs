//! What is refused to whoever has all he may have, and that others are not.

use axum::body::Body;
use axum::http::Request;
use axum::http::request::Builder;
use bytes::Bytes;
use serde_json::{Value, json};
use simulay_api::ApiSettings;
use simulay_containers::scripted::Act;
use simulay_engine::Settings;
use simulay_model::{Quota, Quotas};

use crate::archives::{gzip, tar, zip};
use crate::house::{ACCOUNT, Answer, House};
use crate::scripts::{BEAM, HEAT, HEAT_NEWER};

const KIB: usize = 1024;
/// What the records of a run may take at most, here.
const RECORDS: u64 = 20_000;

pub(crate) fn within(quota: Quota, bound: u64) -> House {
    let quotas = Quotas::default().with(quota, bound);
    House::with(&ApiSettings::default(), Settings { quotas, ..Settings::default() })
}

impl House {
    pub(crate) async fn of(&self, account: &str, request: Builder, body: impl Into<Body>) -> Answer {
        self.send(request.header(ACCOUNT, account), body).await
    }

    pub(crate) async fn component(&self, account: &str, component: &'static [u8]) -> Answer {
        self.of(account, Request::post("/v1/plugins").header("content-type", "application/wasm"), component)
            .await
    }

    pub(crate) async fn run_of(&self, account: &str) -> Answer {
        let request = Request::post("/v1/pipelines/heat/runs").header("content-type", "application/json");
        self.of(account, request, json!({}).to_string()).await
    }

    /// The same, and waits for its end.
    pub(crate) async fn whole_run_of(&self, account: &str) -> Answer {
        let request = Request::post("/v1/pipelines/heat/runs").header("content-type", "application/json");
        self.of(account, request.header("prefer", "wait=60"), json!({}).to_string()).await
    }

    pub(crate) async fn bytes_of(&self, account: &str, bytes: impl Into<Body>) -> Answer {
        self.of(account, Request::post("/v1/inputs"), bytes).await
    }

    async fn archive_of(&self, account: &str, archive: Vec<u8>) -> Answer {
        let request = Request::post("/v1/inputs/archive").header("content-type", "application/octet-stream");
        self.of(account, request, archive).await
    }

    /// A plugin that everybody may run.
    pub(crate) async fn shared_heat(&self) {
        self.upload(HEAT).await.expect(201);
        let request = Request::put("/v1/plugins/heat/visibility").header("content-type", "application/json");
        self.send(request, json!({ "visibility": "public" }).to_string()).await.expect(204);
    }

    async fn blobs(&self) -> usize {
        self.kept.inventory.list().await.unwrap().len()
    }
}

/// Bytes that do not say how many they are.
fn streamed(pieces: usize) -> Body {
    let pieces = (0..pieces).map(|_| Ok::<_, std::io::Error>(Bytes::from(vec![7; KIB])));
    Body::from_stream(futures_util::stream::iter(pieces))
}

#[track_caller]
fn until_midnight(refused: &Answer, quota: &str) {
    let problem = refused.problem(429, "quota_exceeded");
    assert!((1..=86_400).contains(&problem.retry_after_s.unwrap()), "{problem:?}");
    assert!(problem.detail.contains(&format!("`{quota}`")), "{problem:?}");
    assert!(problem.detail.contains("midnight UTC"), "{problem:?}");
}

#[tokio::test]
async fn runs_beyond_the_bound_are_refused_until_some_end() {
    let house = within(Quota::MaxUnfinishedRuns, 1);
    house.containers.on("solve", Act::exits(0).held());
    house.shared_heat().await;
    let first: Value = house.run_of("ada").await.expect(202).document();
    let problem = house.run_of("ada").await.problem(429, "quota_exceeded");
    assert_eq!(problem.retry_after_s, Some(5));
    let detail = "the quota `max_unfinished_runs` of your account is 1, and 1 are used; wait for some of your \
                  runs to end";
    assert_eq!(problem.detail, detail);
    house.run_of("bob").await.expect(202);
    let cancel = Request::post(format!("/v1/runs/{}/cancel", first["id"].as_str().unwrap()));
    house.of("ada", cancel, "").await;
    while house.run_of("ada").await.status == 429 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_request_that_comes_again_is_answered_beyond_the_bound() {
    let house = within(Quota::MaxUnfinishedRuns, 1);
    house.containers.on("solve", Act::exits(0).held());
    house.shared_heat().await;
    let keyed = async || {
        let request = Request::post("/v1/pipelines/heat/runs").header("content-type", "application/json");
        house.of("ada", request.header("idempotency-key", "\"one\""), json!({}).to_string()).await
    };
    let [first, again]: [Value; 2] =
        [keyed().await.expect(202).document(), keyed().await.expect(202).document()];
    assert_eq!(first["id"], again["id"]);
}

#[tokio::test]
async fn whoever_used_his_processor_time_begins_nothing_more_today() {
    let house = within(Quota::CpuSecondsPerDay, 2);
    house.containers.on("solve", Act::exits(0).cpu_ms(2_000));
    house.shared_heat().await;
    house.whole_run_of("ada").await.expect(200);
    until_midnight(&house.run_of("ada").await, "cpu_seconds_per_day");
    house.run_of("bob").await.expect(202);
}

#[tokio::test]
async fn bytes_of_a_day_are_those_sent_and_those_left() {
    let house = within(Quota::BytesPerDay, 10);
    house.containers.on("solve", Act::exits(0).stdout("12345"));
    house.shared_heat().await;
    house.bytes_of("ada", "123").await.expect(201);
    house.whole_run_of("ada").await.expect(200);
    until_midnight(&house.bytes_of("ada", "456").await, "bytes_per_day");
    house.bytes_of("ada", "45").await.expect(201);
    until_midnight(&house.bytes_of("ada", "6").await, "bytes_per_day");
    until_midnight(&house.run_of("ada").await, "bytes_per_day");
    until_midnight(&house.component("ada", BEAM).await, "bytes_per_day");
    house.bytes_of("bob", "456").await.expect(201);
}

#[tokio::test]
async fn no_upload_overruns_what_an_account_may_store() {
    let house = within(Quota::StoredBytes, 4 * KIB as u64);
    house.bytes_of("ada", vec![1; 3 * KIB]).await.expect(201);
    let before = house.blobs().await;
    let (zeros, files) = ([0; 2 * KIB], [("a", &[1; 600][..]), ("b", &[2; 600])]);
    for refused in [
        house.bytes_of("ada", vec![2; KIB + 1]).await,
        house.bytes_of("ada", streamed(100_000)).await,
        house.archive_of("ada", gzip(&tar(&[("a", &zeros)]))).await,
        house.archive_of("ada", tar(&files)).await,
        house.archive_of("ada", zip(&files)).await,
    ] {
        let problem = refused.problem(403, "quota_exceeded");
        assert_eq!(problem.retry_after_s, None, "only what is deleted frees it");
        assert!(
            problem.detail.contains("`stored_bytes` of your account is 4096, and 3072 are"),
            "{problem:?}"
        );
    }
    house.bytes_of("ada", vec![2; KIB + 1]).await.problem(403, "quota_exceeded");
    house.bytes_of("ada", vec![3; KIB]).await.expect(201);
    // Full: nothing of what is sent is read.
    let problem = house.bytes_of("ada", streamed(1)).await.problem(403, "quota_exceeded");
    assert!(problem.detail.contains("ask who operates the server"), "{problem:?}");
    assert!(house.blobs().await <= before + 3, "what is refused leaves little, and nothing that counts");
    house.bytes_of("bob", vec![2; 4 * KIB]).await.expect(201);
}

#[tokio::test]
async fn uploads_at_once_do_not_overrun_together() {
    let house = within(Quota::StoredBytes, 4 * KIB as u64);
    let uploads = (0..8_u8).map(|byte| house.bytes_of("ada", vec![byte; KIB]));
    let answers = futures_util::future::join_all(uploads).await;
    let stored = answers.iter().filter(|answer| answer.status == 201).count();
    assert_eq!(stored, 4, "{:?}", answers.iter().map(|answer| answer.status).collect::<Vec<_>>());
}

#[tokio::test]
async fn whoever_stores_as_much_as_he_may_begins_no_run() {
    let house = within(Quota::StoredBytes, RECORDS);
    house.shared_heat().await;
    let free = usize::try_from(RECORDS).unwrap();
    house.bytes_of("ada", vec![1; free]).await.expect(201);
    house.run_of("ada").await.problem(403, "quota_exceeded");
    house.whole_run_of("bob").await.expect(200);
}

#[tokio::test]
async fn one_upload_is_bounded_while_it_comes() {
    let house = within(Quota::UploadBytes, 2 * KIB as u64);
    let zeros = [0; 3 * KIB];
    for refused in [
        house.bytes_of("ada", vec![1; 2 * KIB + 1]).await,
        house.bytes_of("ada", streamed(100_000)).await,
        house.archive_of("ada", tar(&[("a", &zeros)])).await,
        house.archive_of("ada", gzip(&tar(&[("a", &zeros)]))).await,
        house.archive_of("ada", zip(&[("a", &zeros)])).await,
    ] {
        let problem = refused.problem(413, "payload_too_large");
        assert!(problem.detail.contains("upload_bytes"), "{problem:?}");
    }
    house.bytes_of("ada", vec![1; 2 * KIB]).await.expect(201);
    let small = within(Quota::UploadBytes, HEAT.len() as u64 - 1);
    let problem = small.component("ada", HEAT).await.problem(413, "payload_too_large");
    assert!(problem.detail.contains("upload_bytes"), "{problem:?}");
}

#[tokio::test]
async fn versions_beyond_the_bound_are_refused_for_good() {
    for (quota, bound) in [(Quota::PluginVersions, 1), (Quota::PluginBytes, HEAT.len() as u64)] {
        let house = within(quota, bound);
        house.component("ada", HEAT).await.expect(201);
        let before = house.blobs().await;
        let problem = house.component("ada", HEAT_NEWER).await.problem(403, "quota_exceeded");
        let told =
            format!("the quota `{quota}` of your account is {bound}, and {bound} are used; versions stay");
        assert!(problem.detail.starts_with(&told), "{problem:?}");
        assert_eq!(house.blobs().await, before);
        house.component("ada", HEAT).await.expect(200);
        house.component("bob", BEAM).await.expect(201);
    }
}
