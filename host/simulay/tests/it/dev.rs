//! `simulay dev` of a project that never builds well; the rest of it needs Docker.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::process::Stdio;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::command::{complaint, run, simulay};

const PROJECT: &str =
    "[build]\ncommand = ['sh', 'make.sh']\ncomponent = 'dist/x.wasm'\nwatch = ['make.sh', 'src']\n";

#[test]
fn a_failing_build_is_shown_and_a_change_calls_for_another() {
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join("plugin.toml"), PROJECT).unwrap();
    fs::write(home.path().join("make.sh"), "echo 'src/lib.rs:3: no such name'; exit 7\n").unwrap();
    let mut dev = simulay(home.path()).args(["dev"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(dev.stdout.take().unwrap()).lines().map_while(Result::ok);
    assert!(lines.any(|line| line == "src/lib.rs:3: no such name"));
    assert!(lines.any(|line| line.contains("the build failed") && line.contains("status: 7")));
    assert!(lines.any(|line| line.contains("waiting for a change")));
    fs::create_dir(home.path().join("src")).unwrap();
    fs::write(home.path().join("make.sh"), "echo second; exit 8\n").unwrap();
    assert!(lines.any(|line| line == "second"));
    assert!(lines.any(|line| line.contains("waiting for a change")));
    kill(Pid::from_raw(dev.id().try_into().unwrap()), Signal::SIGINT).unwrap();
    assert_eq!(dev.wait().unwrap().code(), Some(0));
}

#[test]
fn a_signal_ends_a_build_with_all_it_started() {
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join("plugin.toml"), PROJECT).unwrap();
    fs::write(home.path().join("make.sh"), "echo begun; sleep 1000 & wait\n").unwrap();
    let mut dev = simulay(home.path()).args(["dev"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut output = BufReader::new(dev.stdout.take().unwrap());
    let mut line = String::new();
    while line.trim() != "begun" {
        line.clear();
        assert_ne!(output.read_line(&mut line).unwrap(), 0, "it begins");
    }
    kill(Pid::from_raw(dev.id().try_into().unwrap()), Signal::SIGTERM).unwrap();
    // Ends only when nobody holds the pipe: the sleeper has gone as well.
    output.read_to_string(&mut line).unwrap();
    assert_eq!(dev.wait().unwrap().code(), Some(0));
}

#[test]
fn a_folder_that_is_no_project_tells_how_to_begin_one() {
    let home = tempfile::tempdir().unwrap();
    let output = run(home.path(), ["dev"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(complaint(&output).contains("simulay new --lang"), "{}", complaint(&output));
}
