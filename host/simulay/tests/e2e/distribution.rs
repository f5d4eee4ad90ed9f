//! Plugins go to a registry and come back, byte for byte.

use std::path::Path;
use std::process::{Command, Output};

use simulay_servers::RegistryServer;

use crate::host::plugin;

fn simulay(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_simulay"));
    command.args(["--json", "plugin"]).args(arguments).current_dir(folder).output().unwrap()
}

fn told(output: &Output) -> serde_json::Value {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn a_plugin_is_pushed_and_pulled_by_tag_and_by_digest() {
    let (registry, component) = (RegistryServer::start(), plugin("heat-equation"));
    let folder = registry.folder();
    std::fs::write(folder.join("heat.wasm"), &component).unwrap();
    let tag = format!("oci://{}/plugins/heat:1.0.0", registry.address());
    let pushed = told(&simulay(folder, &["push", "heat.wasm", &tag]));
    assert_eq!(pushed["name"], "heat-equation");
    let pinned = pushed["address"].as_str().unwrap();
    for (address, file) in [(tag.as_str(), "by-tag.wasm"), (pinned, "by-digest.wasm")] {
        let pulled = told(&simulay(folder, &["pull", address, "-o", file]));
        assert_eq!(pulled["digest"], pushed["digest"]);
        assert_eq!(std::fs::read(folder.join(file)).unwrap(), component);
    }
}

#[test]
fn what_is_not_what_it_was_is_not_pulled() {
    let (registry, component) = (RegistryServer::start(), plugin("heat-equation"));
    let folder = registry.folder();
    std::fs::write(folder.join("heat.wasm"), &component).unwrap();
    let tag = format!("oci://{}/heat:1", registry.address());
    told(&simulay(folder, &["push", "heat.wasm", &tag]));
    let digest = simulay_model::Digest::of(&component).to_string();
    let blob = format!("data/docker/registry/v2/blobs/sha256/{:.2}/{digest}/data", digest);
    std::fs::write(folder.join(blob), b"something else").unwrap();
    let refused = simulay(folder, &["pull", &tag, "-o", "changed.wasm"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("do not use it"), "{refused:?}");
    assert!(!folder.join("changed.wasm").exists());
}

#[test]
fn a_guarded_registry_takes_what_docker_login_left() {
    let (registry, component) = (RegistryServer::start_guarded(), plugin("heat-equation"));
    let folder = registry.folder();
    std::fs::write(folder.join("heat.wasm"), &component).unwrap();
    let tag = format!("oci://{}/heat:1", registry.address());
    let push = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_simulay"));
        command.args(["--json", "plugin", "push", "heat.wasm", &tag]).current_dir(folder);
        command.env("DOCKER_CONFIG", folder).output().unwrap()
    };
    let stranger = push();
    assert_eq!(stranger.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&stranger.stderr).contains("docker login"), "{stranger:?}");
    registry.log_in();
    assert_eq!(told(&push())["name"], "heat-equation");
}
