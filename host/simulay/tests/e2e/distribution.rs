//! Plugins go to a registry and come back, byte for byte.

use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use tempfile::TempDir;

use crate::host::plugin;

/// Debian's `docker-registry` on a free port, over a folder of its own.
struct Registry {
    process: Child,
    address: String,
    folder: TempDir,
}

impl Registry {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
        let storage = folder.path().join("data").display().to_string();
        let settings = format!(
            "version: 0.1\nstorage: {{filesystem: {{rootdirectory: {storage}}}}}\nhttp: {{addr: \"{address}\"}}\n"
        );
        std::fs::write(folder.path().join("settings.yml"), settings).unwrap();
        let mut serve = Command::new("docker-registry");
        serve.args(["serve", "settings.yml"]).current_dir(folder.path());
        serve.stdout(Stdio::null()).stderr(Stdio::piped());
        let mut process = serve.spawn().expect("the package docker-registry is installed");
        let mut log = BufReader::new(process.stderr.take().unwrap()).lines();
        assert!(log.any(|line| line.unwrap().contains("listening on")), "the registry starts");
        std::thread::spawn(move || log.for_each(drop));
        Self { process, address, folder }
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn simulay(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_simulay"));
    command.args(["--json", "plugin"]).args(arguments).current_dir(folder).output().unwrap()
}

fn told(output: &Output) -> serde_json::Value {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
#[ignore = "needs the package docker-registry"]
fn a_plugin_is_pushed_and_pulled_by_tag_and_by_digest() {
    let (registry, component) = (Registry::start(), plugin("heat-equation"));
    let folder = registry.folder.path();
    std::fs::write(folder.join("heat.wasm"), &component).unwrap();
    let tag = format!("oci://{}/plugins/heat:1.0.0", registry.address);
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
#[ignore = "needs the package docker-registry"]
fn what_is_not_what_it_was_is_not_pulled() {
    let (registry, component) = (Registry::start(), plugin("heat-equation"));
    let folder = registry.folder.path();
    std::fs::write(folder.join("heat.wasm"), &component).unwrap();
    let tag = format!("oci://{}/heat:1", registry.address);
    told(&simulay(folder, &["push", "heat.wasm", &tag]));
    let digest = simulay_model::Digest::of(&component).to_string();
    let blob = format!("data/docker/registry/v2/blobs/sha256/{:.2}/{digest}/data", digest);
    std::fs::write(folder.join(blob), b"something else").unwrap();
    let refused = simulay(folder, &["pull", &tag, "-o", "changed.wasm"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("do not use it"), "{refused:?}");
    assert!(!folder.join("changed.wasm").exists());
}
