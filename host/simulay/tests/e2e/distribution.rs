//! Plugins go to a registry and come back, byte for byte.

use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use tempfile::TempDir;

use crate::host::plugin;

/// Debian's `docker-registry` on a free port, over a folder of its own.
struct Registry {
    process: Child,
    address: String,
    folder: TempDir,
}

/// The user `author` with the password `pump-curve`, as bcrypt.
const USERS: &str = "author:$2a$05$8FiGM7FtZSJB/EHe45V/WeVjwDAI6/kgrqfFDNTzs0KR6L49xtMUW\n";
/// The same as `docker login` writes it.
const LOGIN: &str = "YXV0aG9yOnB1bXAtY3VydmU=";

impl Registry {
    /// One that lets everybody in.
    fn start() -> Self {
        Self::start_with("")
    }

    /// One that asks who it is.
    fn start_guarded() -> Self {
        Self::start_with("auth: {htpasswd: {realm: simulay, path: users}}\n")
    }

    fn start_with(guard: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("users"), USERS).unwrap();
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
        let storage = folder.path().join("data").display().to_string();
        let settings = format!(
            "version: 0.1\nstorage: {{filesystem: {{rootdirectory: {storage}}}}}\nhttp: {{addr: \"{address}\"}}\n{guard}"
        );
        std::fs::write(folder.path().join("settings.yml"), settings).unwrap();
        let mut serve = Command::new(program());
        serve.args(["serve", "settings.yml"]).current_dir(folder.path());
        serve.stdout(Stdio::null()).stderr(Stdio::piped());
        let mut process = serve.spawn().expect("the package docker-registry is installed");
        let mut log = BufReader::new(process.stderr.take().unwrap()).lines();
        assert!(log.any(|line| line.unwrap().contains("listening on")), "the registry starts");
        std::thread::spawn(move || log.for_each(drop));
        Self { process, address, folder }
    }
}

/// The one `cargo xtask test` unpacks, or the machine's.
fn program() -> PathBuf {
    let unpacked = crate::authors::tools().join("registry/usr/bin/docker-registry");
    if unpacked.is_file() { unpacked } else { "docker-registry".into() }
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

#[test]
fn a_guarded_registry_takes_what_docker_login_left() {
    let (registry, component) = (Registry::start_guarded(), plugin("heat-equation"));
    let folder = registry.folder.path();
    std::fs::write(folder.join("heat.wasm"), &component).unwrap();
    let tag = format!("oci://{}/heat:1", registry.address);
    let push = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_simulay"));
        command.args(["--json", "plugin", "push", "heat.wasm", &tag]).current_dir(folder);
        command.env("DOCKER_CONFIG", folder).output().unwrap()
    };
    let stranger = push();
    assert_eq!(stranger.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&stranger.stderr).contains("docker login"), "{stranger:?}");
    let login = serde_json::json!({ "auths": { &registry.address: { "auth": LOGIN } } });
    std::fs::write(folder.join("config.json"), login.to_string()).unwrap();
    assert_eq!(told(&push())["name"], "heat-equation");
}
