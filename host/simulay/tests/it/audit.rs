//! `simulay audit`, beside a server, without one, and on a copy; and what never gets into a log.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Output;

use serde_json::Value;

use crate::command::{complaint, run, said, simulay};
use crate::serving::Server;

/// An exported log as it was written once.
const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/audit.jsonl");
const GOLDEN_HEAD: &str = "7:f383661dbeb5df9d1ef589feb8ff32e28d563db7f2c627b9d8e1bf2a6d484231";

/// A server of many that has stopped, after somebody made an account beside it and a token, and revoked that.
struct House {
    home: tempfile::TempDir,
}

impl House {
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let server = serve(home.path());
        let house = Self { home };
        house.does(&["account", "create", "ada", "--role", "viewer"]);
        house.does(&["token", "create", "ada", "--label", "laptop", "--days", "90"]);
        house.does(&["account", "role", "ada", "runner"]);
        let listed: Value =
            serde_json::from_str(&house.does(&["token", "list", "--account", "ada", "--json"])).unwrap();
        house.does(&["token", "revoke", listed.pointer("/tokens/0/id").unwrap().as_str().unwrap()]);
        house.does(&["audit", "verify"]);
        drop(server.stopped());
        house
    }

    fn command(&self, arguments: &[&str]) -> Output {
        simulay(self.home.path()).args(arguments).output().unwrap()
    }

    /// What a command says that works.
    fn does(&self, arguments: &[&str]) -> String {
        let output = self.command(arguments);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", complaint(&output));
        said(&output)
    }

    /// What a command complains of that fails.
    fn fails(&self, arguments: &[&str]) -> String {
        let output = self.command(arguments);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {}", said(&output));
        complaint(&output)
    }

    fn head(&self) -> String {
        let told: Value = serde_json::from_str(&self.does(&["audit", "verify", "--json"])).unwrap();
        told.get("head").unwrap().as_str().unwrap().to_owned()
    }

    fn export(&self) -> (PathBuf, String) {
        let (file, text) = (self.home.path().join("audit.jsonl"), self.does(&["audit", "export"]));
        std::fs::write(&file, &text).unwrap();
        (file, text)
    }
}

fn serve(home: &Path) -> Server {
    let mut command = simulay(home);
    command.env("SIMULAY__AUTH__MODE", "accounts");
    Server::launch(command.args(["serve", "--listen", "127.0.0.1:0"]))
}

#[test]
fn what_is_done_at_the_command_line_and_each_start_are_recorded() {
    let house = House::new();
    let listed: Value = serde_json::from_str(&house.does(&["audit", "list", "--json"])).unwrap();
    let records = listed["records"].as_array().unwrap();
    let actions: Vec<_> = records.iter().map(|record| record["action"].as_str().unwrap()).collect();
    let first = ["server_started", "account_created", "token_created"];
    assert_eq!(actions[..3], first);
    assert_eq!(actions[3..], ["account_created", "token_created", "role_changed", "token_revoked"]);
    assert!(records.iter().all(|record| record["via"].as_str().unwrap().starts_with("command line")));
    assert_eq!((&records[3]["subject"], &records[3]["detail"]), (&"ada".into(), &"role viewer".into()));
    assert!(records[4]["detail"].as_str().unwrap().starts_with("for ada, until "));
    assert_eq!(records[4]["subject"], records[6]["subject"], "the id of the token");
    drop(serve(house.home.path()));
    let started = house.does(&["audit", "list", "--action", "server_started", "--json"]);
    let started: Value = serde_json::from_str(&started).unwrap();
    let settings = |place: usize| started["records"][place]["detail"].as_str().unwrap();
    assert_eq!(started["records"].as_array().unwrap().len(), 2);
    assert_eq!(settings(0), settings(1), "the same settings have the same digest");
    let latest = house.does(&["audit", "list", "--limit", "1"]);
    assert!(latest.contains("server_started") && !latest.contains("token_revoked"), "{latest}");
    assert_eq!(house.does(&["audit", "list", "--since", "9000-01-01"]), "no records\n");
    assert_eq!(house.command(&["audit", "list", "--action", "moon_landed"]).status.code(), Some(2));
}

#[test]
fn a_log_verifies_on_its_own_and_in_a_backup_and_after_it_has_grown() {
    let house = House::new();
    let head = house.head();
    let (file, text) = house.export();
    let file = file.to_str().unwrap();
    assert_eq!(text.lines().count(), 7);
    let told = house.does(&["audit", "verify", "--file", file, "--expect", &head]);
    assert!(told.contains("7 records") && told.contains(&head), "{told}");
    house.does(&["backup", "copy"]);
    house.does(&["audit", "verify", "--data", "copy", "--expect", &head]);
    house.does(&["restore", "copy", "--data", "back"]);
    house.does(&["account", "create", "bob", "--data", "back"]);
    let grown = house.does(&["audit", "verify", "--data", "back", "--expect", &head]);
    assert!(grown.contains("8 records"), "{grown}");
    house.does(&["gc"]);
    house.does(&["audit", "verify", "--expect", &head]);
    let usage = house.command(&["audit", "verify", "--expect", "7"]);
    assert_eq!(usage.status.code(), Some(2), "{}", complaint(&usage));
    assert_eq!(house.command(&["audit", "list", "--data", "nothing"]).status.code(), Some(2));
}

#[test]
fn the_first_record_that_is_wrong_is_named() {
    let house = House::new();
    let (head, (file, text)) = (house.head(), house.export());
    let lines: Vec<&str> = text.lines().collect();
    let swapped = [&lines[..2], &[lines[3], lines[2]], &lines[4..]].concat().join("\n");
    for (changed, told) in [
        (text.replacen("role viewer", "role admin", 1), "record 4 was changed"),
        ([&lines[..3], &lines[4..]].concat().join("\n"), "record 4 is missing"),
        (lines[..5].join("\n"), "record 6 is missing"),
        (swapped, "record 3 is missing"),
        ([&lines[..4], &lines[3..]].concat().join("\n"), "number 4"),
        (String::new(), "record 1 is missing"),
        (text.get(..text.len() - 9).unwrap().to_owned(), "record 7 is none"),
        (text.replacen("\"via\"", "\"from\"", 1), "record 1 is none"),
    ] {
        std::fs::write(&file, changed).unwrap();
        let complaint =
            house.fails(&["audit", "verify", "--file", file.to_str().unwrap(), "--expect", &head]);
        assert!(complaint.contains(told), "{complaint}");
    }
}

#[test]
fn what_is_changed_in_the_records_themselves_is_named() {
    let house = House::new();
    // A copy is one file, in which everything is at its place.
    house.does(&["backup", "copy"]);
    let records = house.home.path().join("copy/simulay.sqlite");
    let mut bytes = std::fs::read(&records).unwrap();
    let place = bytes.windows(11).position(|window| window == b"role viewer").unwrap();
    bytes[place..place + 11].copy_from_slice(b"role author");
    std::fs::write(&records, bytes).unwrap();
    let complaint = house.fails(&["audit", "verify", "--data", "copy"]);
    assert!(complaint.contains("record 4 was changed"), "{complaint}");
}

#[test]
fn a_log_of_long_ago_verifies() {
    let home = tempfile::tempdir().unwrap();
    let verified = run(home.path(), ["audit", "verify", "--file", GOLDEN, "--expect", GOLDEN_HEAD]);
    assert_eq!(verified.status.code(), Some(0), "{}", complaint(&verified));
    assert!(said(&verified).contains(GOLDEN_HEAD), "{}", said(&verified));
}

/// A server that logs all there is to the file `log`: more than a pipe holds that nobody reads.
fn serve_and_log_everything(home: &Path) -> Server {
    let plain = simulay(home);
    let mut command = std::process::Command::new("/bin/sh");
    command.args(["-c", "exec \"$0\" \"$@\" 2> log"]).arg(plain.get_program());
    command.env_clear().current_dir(home);
    command.envs(plain.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command.env("SIMULAY__AUTH__MODE", "accounts").env("SIMULAY__LOG__FILTER", "trace");
    Server::launch(command.args(["serve", "--listen", "127.0.0.1:0"]))
}

/// Sends a request as it is; what is answered.
fn send(server: &Server, request: &str) -> String {
    let mut stream = TcpStream::connect(server.address().strip_prefix("http://").unwrap()).unwrap();
    stream.write_all(request.replace('\n', "\r\n").as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn no_secret_is_in_a_log_however_it_is_sent() {
    let home = tempfile::tempdir().unwrap();
    let mut server = serve_and_log_everything(home.path());
    let token = server.line("the account local is made; its token, shown this once: ").unwrap();
    let (forged, password) = (format!("sim_{}", "Q".repeat(43)), "correct horse battery staple");
    let headers = format!("Host: localhost\nAuthorization: Bearer {token}\nConnection: close");
    let json = |body: &str| {
        format!("{headers}\nContent-Type: application/json\nContent-Length: {}\n\n{body}", body.len())
    };
    for (request, status) in [
        (format!("GET /v1/runs HTTP/1.1\n{headers}\n\n"), "200"),
        (
            format!("GET /v1/runs?access_token={token} HTTP/1.1\nHost: localhost\nConnection: close\n\n"),
            "401",
        ),
        (format!("GET /v1/runs?limit={token} HTTP/1.1\n{headers}\n\n"), "422"),
        (
            format!(
                "GET /v1/me HTTP/1.1\nHost: localhost\nAuthorization: Bearer {forged}\nConnection: close\n\n"
            ),
            "401",
        ),
        (format!("GET /v1/me HTTP/1.1\nX-Request-Id: {token}\n{headers}\n\n"), "200"),
        (format!("POST /v1/runs/{token}/cancel HTTP/1.1\n{headers}\n\n"), "404"),
        (format!("PUT /v1/plugins/{token}/visibility HTTP/1.1\n{}", json(&format!("\"{password}\""))), "4"),
        (
            format!(
                "PUT /v1/plugins/heat/visibility HTTP/1.1\n{}",
                json(&format!("{{\"visibility\":\"{password}\"}}"))
            ),
            "422",
        ),
        (
            format!("POST /v1/inputs HTTP/1.1\n{headers}\nContent-Length: {}\n\n{password}", password.len()),
            "201",
        ),
    ] {
        let answer = send(&server, &request);
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{request}\n{answer}");
    }
    let exported = said(&simulay(home.path()).args(["audit", "export"]).output().unwrap());
    assert!(exported.contains("input_uploaded") && exported.contains("\"action\":\"denied\""), "{exported}");
    drop(server.stopped());
    let log = std::fs::read_to_string(home.path().join("log")).unwrap();
    assert!(log.contains("account=\"local\"") && log.contains("TRACE"), "{log}");
    for secret in [token.as_str(), &forged, password] {
        assert!(!exported.contains(secret), "the audit log holds `{secret}`");
        let told: Vec<_> = log.lines().filter(|line| line.contains(secret)).collect();
        assert!(told.is_empty(), "the log holds `{secret}`: {told:?}");
    }
}
