//! Both sandboxes, in this process and in workers, keep the promises of one.

use std::time::Duration;

use serde_json::json;
use simulay_hostile::guest::Guest;
use simulay_model::{Manifest, Resources};
use simulay_sandbox::conformance::{self, Plugins, Subject};
use simulay_sandbox::{Sandbox, SandboxSettings};
use simulay_sandbox_wasm::WasmSandbox;

use crate::guests::{endless, failing, greedy, reader};
use crate::world;

fn settings() -> SandboxSettings {
    let time = Duration::from_millis(500);
    SandboxSettings { describe_time: time, call_time: time, ..Default::default() }
}

fn plugins() -> Plugins {
    Plugins {
        echo: Guest::default().build().into(),
        manifest: manifest(),
        failing: failing().build().into(),
        reading: reader(3).build().into(),
        endless: endless().build().into(),
        greedy: greedy().build().into(),
    }
}

/// What the default guest says of itself.
fn manifest() -> Manifest {
    Manifest {
        name: "echo".parse().unwrap(),
        version: "1.0.0".parse().unwrap(),
        title: "Echo".to_owned(),
        description: "Answers what it is asked.".to_owned(),
        params_schema: json!({ "type": "object" }),
        result_schema: json!({}),
        images: Vec::new(),
        max_resources: Resources { cpu_milli: 1000, memory_mib: 256, scratch_mib: 64, timeout_ms: 1000 },
        max_parallel: 4,
        examples: Vec::new(),
    }
}

async fn check(sandbox: &dyn Sandbox) {
    conformance::check(&Subject { sandbox, settings: &settings(), plugins: &plugins() }).await;
}

#[tokio::test]
async fn the_sandbox_in_this_process_is_one() {
    check(&WasmSandbox::new(settings()).unwrap()).await;
}

#[tokio::test]
async fn the_sandbox_of_workers_is_one() {
    check(&world::sandbox(settings())).await;
}
