//! Command lines, right and wrong.

use crate::command::{complaint, run, said};

#[test]
fn help_names_every_command() {
    let home = tempfile::tempdir().unwrap();
    let output = run(home.path(), ["--help"]);
    assert_eq!(output.status.code(), Some(0));
    for command in ["serve", "run", "new", "dev", "plugin", "runs", "images", "doctor"] {
        assert!(said(&output).contains(&format!("\n  {command} ")), "{command}");
    }
}

#[test]
fn a_wrong_command_line_ends_with_2() {
    let home = tempfile::tempdir().unwrap();
    for arguments in [
        ["runs", "show", "no-uuid"],
        ["plugin", "retire", "heat"],
        ["run", "/nowhere.wasm", "--json"],
        ["plugin", "inspect", "/nowhere.wasm"],
        ["run", "/dev/null", "--params={"],
        ["plugin", "list", "--server=nonsense"],
        ["doctor", "--config", "/nowhere.toml"],
    ] {
        let output = run(home.path(), arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", complaint(&output));
    }
}

#[test]
fn a_setting_nobody_knows_is_named() {
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("simulay.toml"), "[server]\nlissten = 1\n").unwrap();
    let output = run(home.path(), ["images", "list"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(complaint(&output).contains("lissten"), "{}", complaint(&output));
}

#[test]
fn a_server_that_is_not_there_is_told_with_what_to_do() {
    let home = tempfile::tempdir().unwrap();
    let output = run(home.path(), ["runs", "list", "--server", "http://127.0.0.1:1"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(complaint(&output).contains("simulay serve"), "{}", complaint(&output));
}

#[test]
fn an_error_is_a_document_for_programs() {
    let home = tempfile::tempdir().unwrap();
    let output = run(home.path(), ["--json", "plugin", "inspect", "/nowhere\u{1b}]52;c;x\u{7}.wasm"]);
    let document: serde_json::Value = serde_json::from_slice(&output.stderr).unwrap();
    assert!(document["error"]["message"].as_str().unwrap().contains("cannot be read"));
}

#[test]
fn a_hostile_file_name_is_shown_inert() {
    let home = tempfile::tempdir().unwrap();
    let output = run(home.path(), ["plugin", "inspect", "/nowhere\u{1b}]52;c;aGk=\u{7}.wasm"]);
    assert!(complaint(&output).contains("\\u{1b}]52"));
    assert!(!output.stderr.contains(&0x1b) && !output.stderr.contains(&7));
}

#[test]
fn images_of_an_empty_house_are_none() {
    let home = tempfile::tempdir().unwrap();
    let output = run(home.path(), ["images", "list", "--json"]);
    assert_eq!(output.status.code(), Some(0), "{}", complaint(&output));
    assert_eq!(said(&output).split_whitespace().collect::<String>(), "{\"images\":[]}");
    let removed = run(home.path(), ["images", "remove", "octave"]);
    assert_eq!(removed.status.code(), Some(1));
}

#[test]
fn doctor_fails_without_docker_and_says_so() {
    let home = tempfile::tempdir().unwrap();
    let output = run(home.path(), ["doctor", "--json"]);
    assert_eq!(output.status.code(), Some(1), "{}", complaint(&output));
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(document["healthy"], false);
    let failed = document["checks"].as_array().unwrap().iter().filter(|check| check["state"] == "fail");
    assert!(failed.into_iter().all(|check| check["cure"].is_string()), "{document}");
}
