//! A call, and what admits it.

use semver::Version;
use serde_json::json;
use simulay_containers::{ImageId, Policy};
use simulay_model::{ContainerCall, Digest, Image, Manifest, OnFailure, Resources};

const MANIFEST_RESOURCES: Resources =
    Resources { cpu_milli: 8000, memory_mib: 4096, scratch_mib: 4096, timeout_ms: 7_200_000 };

pub(crate) fn manifest() -> Manifest {
    let image = |name: &str| Image { name: name.to_owned(), purpose: "To compute.".to_owned() };
    Manifest {
        name: "test".parse().unwrap(),
        version: Version::new(1, 0, 0),
        title: "Test".to_owned(),
        description: "Test".to_owned(),
        params_schema: json!({}),
        result_schema: json!({}),
        images: vec![image("octave"), image("unregistered")],
        max_resources: MANIFEST_RESOURCES,
        max_parallel: 1,
        examples: Vec::new(),
    }
}

pub(crate) fn policy() -> Policy {
    let id = |name: &str| ImageId::from(Digest::of(name.as_bytes()));
    let images = ["octave", "undeclared"].map(|name| (name.to_owned(), id(name))).into();
    Policy { images, ..Policy::default() }
}

pub(crate) fn call() -> ContainerCall {
    ContainerCall {
        name: "solve-1".to_owned(),
        image: "octave".to_owned(),
        command: ["octave-cli", "-qfHW", "/sim/main.m"].map(str::to_owned).into(),
        env: Vec::new(),
        files: Vec::new(),
        outputs: Vec::new(),
        excludes: Vec::new(),
        keep_unchanged: true,
        resources: Resources { cpu_milli: 1500, memory_mib: 256, scratch_mib: 64, timeout_ms: 60_000 },
        on_failure: OnFailure::FailRun,
        deterministic: true,
    }
}
