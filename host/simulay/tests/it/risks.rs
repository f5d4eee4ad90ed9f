//! What is refused unless the operator accepts it by name.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

use crate::command::{complaint, said, simulay};
use crate::serving::Server;

const REMOTE: &str = "tcp://docker.invalid:2375";

/// The server, when it does not start.
fn refused(home: &Path, variables: &[(&str, &str)], arguments: &[&str]) -> Output {
    let mut command = simulay(home);
    command.args(["serve", "--listen", "127.0.0.1:0"]).args(arguments).envs(variables.iter().copied());
    command.output().unwrap()
}

/// What the doctor says of one thing.
fn diagnosis(command: &mut Command, arguments: &[&str], name: &str) -> Value {
    let told = command.args(["doctor", "--json"]).args(arguments).output().unwrap();
    let told: Value = serde_json::from_str(&said(&told)).unwrap();
    let checks = told.get("checks").and_then(serde_json::Value::as_array).cloned().unwrap_or_default();
    // The worst comes last.
    checks.into_iter().rfind(|check| check["name"] == name).unwrap()
}

#[test]
fn docker_over_a_network_in_plain_text_is_refused() {
    let home = tempfile::tempdir().unwrap();
    let output = refused(home.path(), &[("DOCKER_HOST", REMOTE)], &[]);
    assert_eq!(output.status.code(), Some(2), "{}", complaint(&output));
    for part in [REMOTE, "plain text", "docker.ca", "--accept-risk plain-tcp"] {
        assert!(complaint(&output).contains(part), "{}", complaint(&output));
    }
    let output = refused(home.path(), &[], &["--docker", REMOTE]);
    assert_eq!(output.status.code(), Some(2), "{}", complaint(&output));
    let ill = diagnosis(simulay(home.path()).env("DOCKER_HOST", REMOTE), &[], "docker address");
    assert_eq!(ill["state"], "fail", "{ill}");
    for accepting in [["--accept-risk", "plain-tcp"].as_slice(), &[]] {
        let mut command = simulay(home.path());
        if accepting.is_empty() {
            command.env("SIMULAY__ACCEPT_RISKS", "plain-tcp,unbounded-containers");
        }
        let found = diagnosis(command.env("DOCKER_HOST", REMOTE), accepting, "docker address");
        assert_eq!(found["state"], "warn", "{found}");
    }
    let _accepted = Server::start(home.path(), &["--docker", REMOTE, "--accept-risk", "plain-tcp"]);
}

#[test]
fn plain_text_within_the_machine_is_warned_of() {
    let home = tempfile::tempdir().unwrap();
    let found =
        diagnosis(simulay(home.path()).env("DOCKER_HOST", "tcp://127.0.0.1:1"), &[], "docker address");
    assert_eq!(found["state"], "warn", "{found}");
    assert!(found["message"].as_str().unwrap().contains("every user of this machine"), "{found}");
    let found = diagnosis(&mut simulay(home.path()), &[], "docker address");
    assert_eq!(found["state"], "ok", "{found}");
}

#[test]
fn tls_that_is_asked_for_never_becomes_plain_text() {
    let home = tempfile::tempdir().unwrap();
    let asked = [("DOCKER_HOST", "tcp://127.0.0.1:1"), ("DOCKER_TLS_VERIFY", "1")];
    let output = refused(home.path(), &asked, &["--accept-risk", "plain-tcp"]);
    assert_eq!(output.status.code(), Some(2), "{}", complaint(&output));
    let usual = home.path().join(".docker/ca.pem");
    for part in ["DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH", usual.to_str().unwrap()] {
        assert!(complaint(&output).contains(part), "{}", complaint(&output));
    }
}

/// The command as root without the right to leave namespaces, as in a container.
fn without_rights(home: &Path) -> Command {
    let known = simulay(home);
    let mut command = Command::new("setpriv");
    command.args(["--bounding-set", "-sys_admin", "--"]).arg(known.get_program());
    command.env_clear().current_dir(home);
    command.envs(known.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command
}

#[test]
fn where_plugins_are_not_confined_nothing_runs_them_unless_accepted() {
    if !nix::unistd::geteuid().is_root() {
        // Only root has rights to give up.
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let component = home.path().join("plugin.wasm");
    std::fs::write(&component, "").unwrap();
    for arguments in [["serve", "--listen=127.0.0.1:0"], ["run", component.to_str().unwrap()]] {
        let output = without_rights(home.path()).args(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{}", complaint(&output));
        for part in [
            "no network (namespaces)",
            "an empty file system",
            "SYS_ADMIN",
            "--accept-risk unconfined-sandbox",
        ] {
            assert!(complaint(&output).contains(part), "{}", complaint(&output));
        }
    }
    let ill = diagnosis(&mut without_rights(home.path()), &[], "sandbox");
    assert_eq!(ill["state"], "fail", "{ill}");
    let accepted =
        diagnosis(&mut without_rights(home.path()), &["--accept-risk", "unconfined-sandbox"], "sandbox");
    assert_eq!(accepted["state"], "warn", "{accepted}");
    let mut command = without_rights(home.path());
    let arguments = ["serve", "--listen", "127.0.0.1:0", "--accept-risk", "unconfined-sandbox"];
    let _accepted = Server::launch(command.args(arguments));
}

#[test]
fn a_risk_nobody_knows_cannot_be_accepted() {
    let home = tempfile::tempdir().unwrap();
    let output = refused(home.path(), &[], &["--accept-risk", "everything"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(complaint(&output).contains("unconfined-sandbox"), "{}", complaint(&output));
    let output = refused(home.path(), &[("SIMULAY__ACCEPT_RISKS", "everything")], &[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(complaint(&output).contains("unconfined-sandbox"), "{}", complaint(&output));
}
