//! A server of many, and the commands that say who may use it.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

use crate::command::{complaint, said, simulay};
use crate::serving::{Server, get};

/// A server of many and the token of its first account.
struct Many {
    home: tempfile::TempDir,
    server: Server,
    first: String,
}

impl Many {
    fn start() -> Self {
        let home = tempfile::tempdir().unwrap();
        let mut server = launch(home.path());
        let first = server.line("the account local is made; its token, shown this once: ").unwrap();
        Self { home, server, first }
    }

    /// A command to the server, of whoever has `token`.
    fn ask(&self, token: Option<&str>, arguments: &[&str]) -> Output {
        let mut command = simulay(self.home.path());
        command.env("SIMULAY_SERVER", self.server.address()).args(arguments);
        token.map(|token| command.env("SIMULAY_TOKEN", token));
        command.output().unwrap()
    }

    /// A command on the data directory, beside the server.
    fn beside(&self, arguments: &[&str]) -> Output {
        let output = simulay(self.home.path()).args(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", complaint(&output));
        output
    }
}

fn launch(home: &Path) -> Server {
    let mut command = simulay(home);
    command.env("SIMULAY__AUTH__MODE", "accounts");
    Server::launch(command.args(["serve", "--listen", "127.0.0.1:0"]))
}

#[test]
fn nobody_is_answered_who_shows_no_token() {
    let many = Many::start();
    let refused = many.ask(None, &["runs", "list"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(complaint(&refused).contains("SIMULAY_TOKEN"), "{}", complaint(&refused));
    let unknown = format!("sim_{}", "A".repeat(43));
    assert_eq!(many.ask(Some(&unknown), &["runs", "list"]).status.code(), Some(1));
    assert_eq!(many.ask(Some(&many.first), &["runs", "list"]).status.code(), Some(0));
    let nonsense = many.ask(Some("nonsense"), &["runs", "list"]);
    assert_eq!(nonsense.status.code(), Some(2), "{}", complaint(&nonsense));
    assert!(!complaint(&nonsense).contains("nonsense"), "a secret is not told: {}", complaint(&nonsense));
}

#[test]
fn accounts_and_tokens_are_made_beside_the_server() {
    let many = Many::start();
    many.beside(&["account", "create", "ada", "--role", "viewer"]);
    let token = said(&many.beside(&["token", "create", "ada", "--label", "laptop"])).trim().to_owned();
    assert_eq!(many.ask(Some(&token), &["runs", "list"]).status.code(), Some(0));
    let file = many.home.path().join("nothing.wasm");
    std::fs::write(&file, b"nothing").unwrap();
    let upload = ["plugin", "upload", file.to_str().unwrap()];
    let refused = many.ask(Some(&token), &upload);
    assert!(complaint(&refused).contains("`author`"), "{}", complaint(&refused));
    let listed = said(&many.beside(&["token", "list", "--json"]));
    let listed: Value = serde_json::from_str(&listed).unwrap();
    let of_ada = listed["tokens"].as_array().unwrap().iter().find(|token| token["account"] == "ada").unwrap();
    assert!(!listed.to_string().contains(&token), "lists tell no secret");
    many.beside(&["token", "revoke", of_ada["id"].as_str().unwrap()]);
    // What was found a moment ago is believed for one.
    let unknown = |output: Output| complaint(&output).contains("(unauthenticated)");
    assert!((0..100).any(|_| unknown(many.ask(Some(&token), &["runs", "list"]))));
    assert_eq!(
        many.ask(Some(&many.first), &["runs", "list"]).status.code(),
        Some(0),
        "others are known still"
    );
}

#[test]
fn a_token_may_be_for_one_pipeline() {
    let many = Many::start();
    let token =
        said(&many.beside(&["token", "create", "local", "--pipeline", "heat-equation"])).trim().to_owned();
    assert_eq!(many.ask(Some(&token), &["runs", "list"]).status.code(), Some(0));
    let shown = many.ask(Some(&token), &["plugin", "show", "beam"]);
    assert!(complaint(&shown).contains("(not_found)"), "{}", complaint(&shown));
    let listed = said(&many.beside(&["token", "list"]));
    assert!(listed.contains("pipeline heat-equation"), "{listed}");
    let listed: Value = serde_json::from_str(&said(&many.beside(&["token", "list", "--json"]))).unwrap();
    let scopes: Vec<_> =
        listed["tokens"].as_array().unwrap().iter().map(|token| &token["pipeline"]).collect();
    assert_eq!(scopes, [&Value::Null, &Value::from("heat-equation")]);
}

#[test]
fn an_address_with_a_link_is_logged_nowhere() {
    let home = tempfile::tempdir().unwrap();
    let plain = simulay(home.path());
    let mut command = Command::new("/bin/sh");
    command.args(["-c", "exec \"$0\" \"$@\" 2> log"]).arg(plain.get_program());
    command.env_clear().current_dir(home.path());
    command.envs(plain.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command.envs([("SIMULAY__AUTH__MODE", "accounts"), ("SIMULAY__LOG__FILTER", "trace")]);
    let server = Server::launch(command.args(["serve", "--listen", "127.0.0.1:0"]));
    let canary = format!("sim_{}", "A".repeat(43));
    let run = "01990000-0000-7000-8000-000000000000";
    for place in ["", "/events", "/links"] {
        assert_eq!(get(&format!("{}/v1/runs/{run}{place}?link={canary}", server.address())).0, 401);
    }
    drop(server);
    let log = std::fs::read_to_string(home.path().join("log")).unwrap();
    assert!(log.contains(run) && log.contains("TRACE"), "{log}");
    assert!(!log.contains(&canary));
}

#[test]
fn a_link_to_a_run_that_is_not_there_is_not_made() {
    let many = Many::start();
    let run = "01990000-0000-7000-8000-000000000000";
    let link = "01990000-0000-7000-8000-000000000001";
    for arguments in [&["share", run, "--days", "90"][..], &["links", run], &["unshare", run, link]] {
        let refused = many.ask(Some(&many.first), &[&["runs"], arguments].concat());
        assert!(complaint(&refused).contains("(not_found)"), "{}", complaint(&refused));
    }
    let long = many.ask(Some(&many.first), &["runs", "share", run, "--days", "91"]);
    assert_eq!(long.status.code(), Some(2), "{}", complaint(&long));
}

#[test]
fn who_a_plugin_is_shared_with_is_named() {
    let many = Many::start();
    for arguments in [&["shared"][..], &["public", "--with", "ada"], &["shared", "--with", "Not A Name"]] {
        let refused = many.ask(Some(&many.first), &[&["plugin", "visibility", "heat"], arguments].concat());
        assert_eq!(refused.status.code(), Some(2), "{}", complaint(&refused));
    }
    let shared = ["plugin", "visibility", "heat", "shared", "--with", "ada", "--with", "bob"];
    let refused = many.ask(Some(&many.first), &shared);
    assert!(complaint(&refused).contains("(not_found)"), "{}", complaint(&refused));
}

#[test]
fn the_first_token_is_told_once() {
    let many = Many::start();
    let Many { home, server, first } = many;
    drop(server);
    let accounts = simulay(home.path()).args(["account", "list"]).output().unwrap();
    assert!(said(&accounts).contains("local"), "{}", said(&accounts));
    let mut again = launch(home.path());
    assert_eq!(again.line("the account local is made"), None);
    let everything = walkdir::WalkDir::new(home.path()).into_iter().filter_map(Result::ok);
    for entry in everything.filter(|entry| entry.file_type().is_file()) {
        let bytes = std::fs::read(entry.path()).unwrap();
        let found = bytes.windows(first.len()).any(|window| window == first.as_bytes());
        assert!(!found, "{} holds a secret", entry.path().display());
    }
}

#[test]
fn quotas_of_an_account_act_on_a_server_that_runs() {
    let many = Many::start();
    many.beside(&["account", "create", "ada"]);
    let token = said(&many.beside(&["token", "create", "ada"])).trim().to_owned();
    let shown = said(&many.beside(&["account", "quota", "ada"]));
    assert!(shown.lines().any(|line| line.starts_with("max_unfinished_runs") && line.ends_with("default")));
    let changed = ["account", "quota", "ada", "upload_bytes=10", "max_containers=unlimited", "--json"];
    let changed: Value = serde_json::from_str(&said(&many.beside(&changed))).unwrap();
    assert_eq!(
        changed["quotas"]["upload_bytes"],
        serde_json::json!({ "bound": 10, "used": null, "overridden": true })
    );
    assert_eq!(changed["quotas"]["max_containers"]["overridden"], true);
    let file = many.home.path().join("nothing.wasm");
    std::fs::write(&file, b"more than ten bytes").unwrap();
    let upload = ["plugin", "upload", file.to_str().unwrap()];
    // What was found a moment ago is believed for one.
    let hears = |words: &str| (0..200).any(|_| complaint(&many.ask(Some(&token), &upload)).contains(words));
    assert!(hears("upload_bytes"));
    many.beside(&["account", "quota", "ada", "upload_bytes=default"]);
    assert!(hears("(invalid_component)"));
    let shown = said(&many.beside(&["account", "quota", "ada", "show"]));
    assert!(
        shown.lines().any(|line| line.starts_with("upload_bytes") && line.contains("unlimited")),
        "{shown}"
    );
    assert!(said(&many.beside(&["usage"])).contains("nothing was used"));
}

#[test]
fn wrong_quotas_are_refused_by_name() {
    let many = Many::start();
    for (what, told) in [
        ("max_container=4", "`max_container` is no quota; use one of max_unfinished_runs"),
        ("max_containers=many", "whole number"),
        ("max_containers=0", "`max_containers` must be at least 1"),
        ("max_containers", "neither `show` nor QUOTA=BOUND"),
    ] {
        let refused = simulay(many.home.path()).args(["account", "quota", "local", what]).output().unwrap();
        assert_eq!(refused.status.code(), Some(2));
        assert!(complaint(&refused).contains(told), "{}", complaint(&refused));
    }
    let unknown = simulay(many.home.path()).args(["account", "quota", "nobody"]).output().unwrap();
    assert_eq!(unknown.status.code(), Some(2), "{}", complaint(&unknown));
    assert!(complaint(&unknown).contains("there is no such account"), "{}", complaint(&unknown));
}
