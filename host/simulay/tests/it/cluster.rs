//! `simulay cluster`.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::command::{complaint, run, said, simulay};

fn told<const N: usize>(home: &Path, arguments: [&str; N]) -> Value {
    let output = simulay(home).arg("--json").args(arguments).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", complaint(&output));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn serials(told: &Value) -> Vec<String> {
    let roles = told.pointer("/cluster/roles").unwrap().as_array().unwrap();
    roles.iter().map(|role| role.get("serial").unwrap().to_string()).collect()
}

#[test]
fn a_cluster_is_made_rotated_and_shown() {
    let home = tempfile::tempdir().unwrap();
    let made = run(home.path(), ["cluster", "init", "keys/north", "--name", "north"]);
    assert_eq!(made.status.code(), Some(0), "{}", complaint(&made));
    let text = said(&made);
    for expected in ["cluster north", "/runner", "keys/north/ca/ca.key offline", "docker secrets"] {
        assert!(text.contains(expected), "{text}");
    }
    let before = told(home.path(), ["cluster", "show", "keys/north"]);
    let after = told(home.path(), ["cluster", "rotate", "keys/north", "--days", "7"]);
    assert_eq!(before["cluster"]["id"], after["cluster"]["id"]);
    assert_eq!(after["cluster"]["roles"][0]["days_left"], 7);
    for (days, code) in [("6", 0), ("8", 1)] {
        let shown = run(home.path(), ["cluster", "show", "keys/north", "--within", days]);
        assert_eq!(shown.status.code(), Some(code), "{days}");
    }
    assert!(serials(&after).iter().all(|serial| !serials(&before).contains(serial)));
    let begun = told(home.path(), ["cluster", "rotate", "keys/north", "--ca", "begin"]);
    assert_eq!(
        (serials(&begun), begun["cluster"]["roles"][0]["trusts"].clone()),
        (serials(&after), 2.into())
    );
    assert!(begun["next"].as_str().unwrap().contains("--ca switch"));
}

#[test]
fn what_is_of_no_use_is_told_and_fails() {
    let home = tempfile::tempdir().unwrap();
    told(home.path(), ["cluster", "init", "a"]);
    told(home.path(), ["cluster", "init", "b"]);
    std::fs::copy(home.path().join("b/api/tls.key"), home.path().join("a/api/tls.key")).unwrap();
    let shown = run(home.path(), ["cluster", "show", "a"]);
    assert_eq!(shown.status.code(), Some(1));
    assert!(said(&shown).contains("its key is another's"), "{}", said(&shown));
}

#[test]
fn wrong_folders_names_and_days_are_told_with_their_rule() {
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("mine"), "").unwrap();
    for (arguments, rule) in [
        (vec!["init", "."], "is not empty"),
        (vec!["show", "nothing"], "simulay cluster init"),
        (vec!["init", "x", "--name", "a/b"], "1 to 64 letters"),
        (vec!["init", "x", "--days", "0"], "0 is not in 1..=3650"),
        (vec!["rotate", "x", "--ca", "end"], "begin, switch, finish"),
    ] {
        let output = simulay(home.path()).arg("cluster").args(&arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(complaint(&output).contains(rule), "{}", complaint(&output));
    }
}

/// A process of a cluster whose MongoDB and Redis are away; it ends with its test.
struct Waiting(Child);

impl Drop for Waiting {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn free_addresses() -> [SocketAddr; 2] {
    [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").unwrap()).map(|held| held.local_addr().unwrap())
}

#[test]
fn a_process_that_waits_for_its_records_tells_so_and_takes_no_connection() {
    let home = tempfile::tempdir().unwrap();
    told(home.path(), ["cluster", "init", "keys"]);
    for role in ["api", "runner"] {
        let [health, listen] = free_addresses();
        let command = |arguments: &[&str]| -> Command {
            let mut command = simulay(home.path());
            command.env("SIMULAY__CLUSTER__HEALTH", health.to_string()).args(arguments);
            command
        };
        let mut waiting = command(&[role]);
        waiting.env("SIMULAY__CLUSTER__MONGODB", "mongodb://127.0.0.1:1/simulay");
        waiting.env("SIMULAY__CLUSTER__REDIS", "redis://127.0.0.1:1");
        waiting.env("SIMULAY__CLUSTER__CERTIFICATES", home.path().join("keys").join(role));
        waiting.env("SIMULAY__CLUSTER__RUNNERS", "127.0.0.1:1").env("SIMULAY__CLUSTER__NODES", "127.0.0.1:1");
        waiting.env("SIMULAY__CLUSTER__LISTEN", listen.to_string());
        waiting.env("SIMULAY__SERVER__LISTEN", listen.to_string());
        waiting.env("SIMULAY__ACCEPT_RISKS", "unconfined-sandbox");
        let _waiting = Waiting(waiting.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
        let address = format!("http://{health}");
        let alive = || command(&["health", "--alive", "--address", &address]).output().unwrap();
        assert!((0..200).any(|_| alive().status.success()), "{role}: {}", complaint(&alive()));
        let ready = command(&["health"]).output().unwrap();
        assert_eq!((ready.status.code(), said(&ready).contains("store: ")), (Some(1), true), "{role}");
        assert!(TcpStream::connect(listen).is_err(), "{role}");
    }
}
