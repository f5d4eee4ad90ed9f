//! Deeds that ask for containers a plugin must not get.

use crate::bindings::exports::simulay::plugin::pipeline::Step;
use crate::bindings::simulay::plugin::types::{ContainerCall, File, OnFailure, Resources, Source};
use crate::manifest::RESOURCES;

/// The step of such a deed; none when the deed is of another kind.
pub(crate) fn step(deed: &str) -> Option<Step> {
    if deed == "swarm" {
        let calls = (0..100_000).map(|number| ContainerCall { name: format!("c{number}"), ..call() });
        return Some(Step { calls: calls.collect(), state: "null".into() });
    }
    let call = match deed {
        "other-image" => ContainerCall { image: "debian".into(), ..call() },
        "image-by-path" => ContainerCall { image: "../octave:latest@sha256:0".into(), ..call() },
        "more-cpu" => with_resources(Resources { cpu_milli: 501, ..RESOURCES }),
        "more-memory" => with_resources(Resources { memory_mib: u32::MAX, ..RESOURCES }),
        "more-time" => with_resources(Resources { timeout_ms: u64::MAX, ..RESOURCES }),
        "no-memory" => with_resources(Resources { memory_mib: 0, ..RESOURCES }),
        "file-above" => with_file("../../etc/passwd"),
        "file-absolute" => with_file("/etc/passwd"),
        "file-nul" => with_file("a\0b"),
        "output-above" => ContainerCall { outputs: vec!["../**".into()], ..call() },
        "output-absolute" => ContainerCall { outputs: vec!["/etc/shadow".into()], ..call() },
        "exclude-above" => ContainerCall { excludes: vec!["../**".into()], ..call() },
        "foreign-artifact" => ContainerCall {
            files: vec![File { path: "x".into(), content: Source::Artifact("0".repeat(64)) }],
            ..call()
        },
        "no-command" => ContainerCall { command: vec![], ..call() },
        "nul-argument" => ContainerCall { command: vec!["a\0b".into()], ..call() },
        "preload" => ContainerCall { env: vec![("LD_PRELOAD".into(), "/sim/evil.so".into())], ..call() },
        "name-above" => ContainerCall { name: "../../x".into(), ..call() },
        "twins" => return Some(Step { calls: vec![call(), call()], state: "null".into() }),
        "crowd" => return Some(crowd()),
        _ => return None,
    };
    Some(Step { calls: vec![call], state: "null".into() })
}

fn call() -> ContainerCall {
    ContainerCall {
        name: "call".into(),
        image: "octave".into(),
        command: vec!["true".into()],
        env: vec![],
        files: vec![],
        outputs: vec![],
        excludes: vec![],
        keep_unchanged: true,
        resources: RESOURCES,
        on_failure: OnFailure::FailRun,
        deterministic: false,
    }
}

fn with_resources(resources: Resources) -> ContainerCall {
    ContainerCall { resources, ..call() }
}

fn with_file(path: &str) -> ContainerCall {
    ContainerCall { files: vec![File { path: path.into(), content: Source::Text("x".into()) }], ..call() }
}

/// One call more than the manifest's `max-parallel`.
fn crowd() -> Step {
    let calls = (0..5).map(|number| ContainerCall { name: format!("c{number}"), ..call() });
    Step { calls: calls.collect(), state: "null".into() }
}
