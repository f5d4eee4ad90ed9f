//! Hostile uploads and hostile plugins, with innocent runs beside them.

use serde_json::{Value, json};
use simulay_hostile::{DEEDS, Deed, Upload, uploads};

use crate::host::Host;

const INNOCENTS: usize = 20;

/// What the host answered to an upload that is not as it must be.
async fn wrong_answer(host: &Host, upload: Upload) -> Option<String> {
    let (status, answer) = host.post_bytes("/v1/plugins", "application/wasm", upload.bytes).await;
    let kind = if status < 300 { "accepted" } else { answer["kind"].as_str().unwrap_or_default() };
    let right = status < 500 && upload.kinds.contains(&kind);
    (!right).then(|| format!("{}: {status} {answer}, not {:?}", upload.name, upload.kinds))
}

/// How a deed ended, when not as it must.
async fn wrong_end(host: &Host, deed: Deed) -> Option<String> {
    let id = host.create("mischief", &json!({ "do": deed.name }), &[]).await;
    let run = host.ended(&id).await;
    let kind = run.pointer("/error/kind").and_then(Value::as_str);
    (kind != deed.kind).then(|| format!("{}: {kind:?}, not {:?}: {}", deed.name, deed.kind, run["error"]))
}

/// Small runs of another plugin, one after the other; each must succeed.
async fn innocent_runs(host: &Host) {
    for number in 0..INNOCENTS {
        let script = "x = 2 * 21";
        let params = json!({ "script": script, "params": { "n": number } });
        host.outcome("octave-script", &params, &[]).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_comes_of_mischief() {
    let data = tempfile::tempdir().unwrap();
    let mut host = Host::start(data.path());
    host.upload("octave-script").await;
    host.upload("mischief").await;
    let uploading = async {
        let mut wrong = Vec::new();
        for upload in uploads() {
            wrong.extend(wrong_answer(&host, upload).await);
        }
        wrong
    };
    let misbehaving = futures_util::future::join_all(DEEDS.map(|deed| wrong_end(&host, deed)));
    let ((), uploaded, ended) = tokio::join!(innocent_runs(&host), uploading, misbehaving);
    let wrong: Vec<String> = uploaded.into_iter().chain(ended.into_iter().flatten()).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(host.is_running());
}
