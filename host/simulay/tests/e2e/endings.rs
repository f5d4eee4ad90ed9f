//! Each way to fail ends with its own error within its limit, and disturbs nobody.

use serde_json::{Value, json};

use crate::host::{Host, containers_of};

async fn host() -> (tempfile::TempDir, Host) {
    let data = tempfile::tempdir().unwrap();
    let host = Host::start(data.path());
    host.upload("octave-script").await;
    (data, host)
}

/// Runs `script`, which must fail, beside one that must not be disturbed; the error.
async fn failure(script: &str, bounds: Value) -> Value {
    let (_data, host) = host().await;
    let innocent = json!({ "script": "pause(1); x = 6 * 7; f = fopen('result.json', 'w'); fprintf(f, '%d', x); fclose(f);" });
    let innocent = host.create("octave-script", &innocent, &[]).await;
    let mut params = bounds;
    params["script"] = script.into();
    let id = host.create("octave-script", &params, &[]).await;
    let run = host.ended(&id).await;
    assert_eq!(run["state"], "failed", "{run}");
    assert_eq!(containers_of(&id), [""; 0]);
    let beside = host.ended(&innocent).await;
    assert_eq!(beside["report"]["outcome"]["result"], 42, "{beside}");
    run["error"].clone()
}

#[tokio::test]
async fn a_wrong_parameter_is_named_and_nothing_starts() {
    let (_data, host) = host().await;
    let body = json!({ "params": { "script": "1", "timeout_ms": -5, "memory": 1 } });
    let (status, problem) = host.post("/v1/pipelines/octave-script/runs", &body).await;
    assert_eq!((status, &problem["kind"]), (422, &json!("params_invalid")), "{problem}");
    assert!(problem["errors"].to_string().contains("/timeout_ms"), "{problem}");
    let (status, problem) = host.post("/v1/pipelines/nonsense/runs", &json!({})).await;
    assert_eq!((status, &problem["kind"]), (404, &json!("not_found")), "{problem}");
}

#[tokio::test]
async fn a_failing_script_tells_its_code_and_last_words() {
    let error = failure("disp('so far'); error('the mesh is empty');", json!({})).await;
    assert_eq!(error["kind"], "container_exit");
    assert!(error["message"].as_str().unwrap().contains("the mesh is empty"), "{error}");
}

#[tokio::test]
async fn an_endless_script_is_stopped() {
    assert_eq!(failure("while true, end", json!({ "timeout_ms": 2000 })).await["kind"], "container_timeout");
}

#[tokio::test]
async fn a_script_that_eats_memory_is_stopped() {
    let script = "x = {}; while true, x{end+1} = ones(1000, 1000); end";
    assert_eq!(failure(script, json!({ "memory_mib": 256 })).await["kind"], "container_oom");
}

#[tokio::test]
async fn a_script_that_fills_the_disk_is_stopped() {
    let script = "f = fopen('big', 'w'); for i = 1:200, if fwrite(f, zeros(1, 1048576, 'uint8')) < 1048576, error('no space'); end, fflush(f); end";
    assert_eq!(failure(script, json!({ "scratch_mib": 16 })).await["kind"], "container_disk_limit");
}

#[tokio::test]
async fn a_script_that_prints_a_gigabyte_goes_on_and_loses_the_middle() {
    let (_data, host) = host().await;
    let script = "disp('first'); s = repmat('x', 1, 1048576); for i = 1:1024, puts(s); end, disp('last');";
    let id = host.create("octave-script", &json!({ "script": script }), &[]).await;
    let run = host.ended(&id).await;
    assert_eq!(run["state"], "succeeded", "{}", run["error"]);
    let shown = run["report"]["outcome"]["stdout"].as_str().unwrap();
    assert!(shown.starts_with("first\nx") && shown.ends_with("xlast\n") && shown.contains("left out"));
    let calls = host.get(&format!("/v1/runs/{id}/calls")).await;
    let kept = 16 << 20;
    assert_eq!(calls["calls"][0]["result"]["stdout_omitted"], (1_u64 << 30) + 11 - kept);
}

#[tokio::test]
async fn a_missing_image_is_told() {
    let (_data, host) = host().await;
    let lost = tempfile::tempdir().unwrap();
    drop(host);
    let settings = format!("[images]\noctave = \"sha256:{}\"\n", "0".repeat(64));
    std::fs::write(lost.path().join("simulay.toml"), settings).unwrap();
    let host = Host::start_with(lost.path(), None);
    host.upload("octave-script").await;
    let id = host.create("octave-script", &json!({ "script": "1" }), &[]).await;
    let run = host.ended(&id).await;
    assert_eq!(run["error"]["kind"], "image_unavailable", "{run}");
}

#[tokio::test]
async fn cancel_stops_and_removes_the_containers() {
    let (_data, host) = host().await;
    let id = host.create("octave-script", &json!({ "script": "disp(1); pause(60)" }), &[]).await;
    host.started(&id, 1).await;
    let (status, _) = host.post(&format!("/v1/runs/{id}/cancel"), &json!({})).await;
    assert_eq!(status, 202);
    let run = host.ended(&id).await;
    assert_eq!(run["state"], "cancelled", "{run}");
    assert_eq!(containers_of(&id), [""; 0]);
    let (status, _) = host.post(&format!("/v1/runs/{id}/cancel"), &json!({})).await;
    assert_eq!(status, 202, "asking again is fine");
}
