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

/// An image of this test only.
struct Image(String);

impl Image {
    fn make(folder: &Path) -> Self {
        std::fs::write(folder.join("content"), folder.display().to_string()).unwrap();
        let import = "tar -c content | docker import -";
        let made = Command::new("sh").args(["-c", import]).current_dir(folder).output().unwrap();
        assert!(made.status.success(), "{made:?}");
        Self(String::from_utf8(made.stdout).unwrap().trim().to_owned())
    }
}

impl Drop for Image {
    fn drop(&mut self) {
        let _ = Command::new("docker").args(["rmi", "--force", &self.0]).output();
    }
}

#[test]
fn an_image_is_pushed_and_noted_by_its_digest() {
    let registry = RegistryServer::start_guarded();
    let (folder, image) = (registry.folder(), Image::make(registry.folder()));
    std::fs::write(folder.join("images.toml"), format!("[images.tiny]\nid = \"{}\"\n", image.0)).unwrap();
    let repository = format!("{}/simulay/tiny", registry.address());
    let push = |repository: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_simulay"));
        command.args(["--json", "images", "--data", ".", "push", "tiny", repository]).current_dir(folder);
        command.env("DOCKER_CONFIG", folder).output().unwrap()
    };
    let stranger = push(&repository);
    assert_eq!(stranger.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&stranger.stderr).contains("docker login"), "{stranger:?}");
    registry.log_in();
    let pushed = told(&push(&repository))["pushed"].as_str().unwrap().to_owned();
    assert!(pushed.starts_with(&format!("{repository}@sha256:")), "{pushed}");
    assert!(std::fs::read_to_string(folder.join("images.toml")).unwrap().contains(&pushed));
    let tagged = push(&format!("{repository}:1"));
    assert_eq!(tagged.status.code(), Some(2), "{tagged:?}");
}
