//! Each released version of the contract is frozen and spoken; an unknown one is refused.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::json;
use simulay_model::{
    Artifact, ContainerResult, Digest, Ending, Failure, Next, Omission, RelativePath, Report,
};
use simulay_sandbox::{Answer, Call, InspectError, ReadArtifacts, Sandbox as _};
use simulay_sandbox_wasm::ProcessSandbox;

use crate::world::{Bytes, hasty, refused, request};

const RELEASED: [&str; 2] = ["0.1.0", "0.2.0"];
const SUM: &str = r#"{"sum":5050}"#;

fn checkout(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)
}

fn text(path: &str) -> String {
    std::fs::read_to_string(checkout(path)).unwrap()
}

/// `contract-only`, built against a released version.
fn component(version: &str) -> Vec<u8> {
    std::fs::read(checkout(&format!("wit/released/{version}/contract-only.wasm"))).unwrap()
}

/// What the container call of `contract-only` leaves.
struct Sum;

impl ReadArtifacts for Sum {
    fn read(&self, artifact: Digest, _offset: u64, _length: u64) -> io::Result<Vec<u8>> {
        assert_eq!(artifact, Digest::of(SUM.as_bytes()));
        Ok(SUM.into())
    }
}

/// A result with everything that any version tells.
fn result(ending: Ending) -> ContainerResult {
    let output = Artifact {
        path: RelativePath::new("sum.json").unwrap(),
        size: SUM.len() as u64,
        sha256: Digest::of(SUM.as_bytes()),
        media_type: "application/json".into(),
    };
    ContainerResult {
        name: "sum".into(),
        ending,
        stdout: "out".into(),
        stderr: "err".into(),
        outputs: vec![output],
        left_out: vec![Omission { path: "fifo".into(), reason: "it is a pipe".into() }],
        left_out_more: 3,
        stdout_log: None,
        stderr_log: None,
        stdout_omitted: 4,
        stderr_omitted: 5,
        wall_ms: 6,
        cpu_ms: Some(7),
        peak_memory_bytes: None,
        isolation: simulay_model::Isolation::Container,
        image: None,
        reused: false,
        reused_from: None,
    }
}

async fn call(sandbox: &ProcessSandbox, version: &str, call: Call) -> Result<Answer, Failure> {
    let code = Bytes(component(version));
    sandbox.call(Digest::of(&code.0), &code, call, Arc::new(Sum)).await.unwrap().answer
}

#[test]
fn the_contract_is_the_released_one_as_long_as_it_has_its_version() {
    let current = text("wit/simulay.wit");
    for version in RELEASED {
        let released = text(&format!("wit/released/{version}/simulay.wit"));
        assert!(
            current == released || !current.contains(&format!("package simulay:plugin@{version};")),
            "a released contract changed: give it a new version"
        );
    }
    assert_eq!(current, text("examples/contract-only/rust/wit/simulay.wit"));
}

#[tokio::test]
async fn a_plugin_of_each_released_version_is_accepted() {
    for version in RELEASED {
        let inspection = hasty().inspect(component(version).into()).await.unwrap();
        assert_eq!(inspection.manifest.name.as_str(), "contract-only");
        assert_eq!(inspection.contract.to_string(), version);
        assert!(
            inspection.tools.iter().any(|tool| tool.name == "wit-bindgen-rust"),
            "{:?}",
            inspection.tools
        );
    }
}

#[tokio::test]
async fn a_plugin_of_each_released_version_asks_and_answers_in_its_own_words() {
    let sandbox = hasty();
    for version in RELEASED {
        let Ok(Answer::Step(step)) = call(&sandbox, version, Call::PreProcess(request())).await else {
            panic!("{version}: no step")
        };
        let asked = &step.calls[0];
        assert_eq!((asked.outputs.as_slice(), asked.excludes.len()), (&["sum.json".to_owned()][..], 0));
        assert!(asked.keep_unchanged && asked.deterministic, "{version}");

        let post_process = |ending| {
            let results = vec![result(ending)];
            call(
                &sandbox,
                version,
                Call::PostProcess { request: request(), state: json!(null).into(), results },
            )
        };
        let report = Report { outcome: json!({ "sum": 5050 }).into(), plots: vec![], artifacts: vec![] };
        assert_eq!(post_process(Ending::Exited(0)).await, Ok(Answer::Next(Next::Done(report))), "{version}");
        for ending in [Ending::ProcessLimit, Ending::ScratchFull, Ending::Exited(1)] {
            let answer = post_process(ending).await;
            assert_eq!(answer, Err(Failure::Simulation("no sum.json".into())), "{version}: {ending:?}");
        }
    }
}

#[tokio::test]
async fn an_unknown_version_is_refused_with_the_versions_this_host_speaks() {
    let text = "(component (instance $i) (export \"simulay:plugin/pipeline@0.9.0\" (instance $i)))";
    let InspectError::WorldMismatch(text) = refused(&hasty(), wat::parse_str(text).unwrap()).await else {
        panic!("not refused for its version")
    };
    assert!(text.contains("version 0.9.0") && text.contains("this host speaks 0.1.0 and 0.2.0"), "{text}");
}
