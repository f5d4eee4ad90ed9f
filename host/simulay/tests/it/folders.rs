//! Folders as inputs: what reaches the server, and how.

use std::fs;
use std::path::Path;
use std::process::Output;

use serde_json::Value;

use crate::command::{complaint, run};
use crate::serving::Server;

const FILES: usize = 900;

/// A model of many small files, every third like another.
fn model(folder: &Path) {
    for n in 0..FILES {
        let place = folder.join(format!("lib/part{}/f{n}.m", n % 30));
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        fs::write(place, format!("function y = f()\n  y = {};\nend\n", n - n % 3)).unwrap();
    }
    fs::create_dir(folder.join(".git")).unwrap();
    fs::write(folder.join(".git/config"), "").unwrap();
}

/// Without plugins no run comes of it; the inputs are sent before that is told.
fn create(home: &Path, server: &Server, inputs: &[&str]) -> Output {
    let mut arguments = vec!["runs", "create", "heat", "--server", server.address()];
    arguments.extend(inputs.iter().flat_map(|input| ["--input", *input]));
    let mut command = crate::command::simulay(home);
    command.args(arguments).output().unwrap()
}

fn blobs(data: &Path) -> usize {
    let shelves = fs::read_dir(data.join("blobs/sha256")).into_iter().flatten();
    shelves.map(|shelf| fs::read_dir(shelf.unwrap().path()).unwrap().count()).sum()
}

#[test]
fn a_model_of_many_files_is_sent_in_a_handful_of_requests_and_only_once() {
    let home = tempfile::tempdir().unwrap();
    let (data, folder) = (home.path().join("data"), home.path().join("model"));
    model(&folder);
    let server = Server::start(home.path(), &["--data", data.to_str().unwrap(), "--log-format", "json"]);
    let first = complaint(&create(home.path(), &server, &["model"]));
    assert!(first.contains("left out: .git/ (hidden"), "{first}");
    assert!(first.contains("900 files; 300 of them are sent"), "{first}");
    assert_eq!(blobs(&data), FILES / 3);
    fs::write(folder.join("lib/part0/f0.m"), "changed").unwrap();
    let second = complaint(&create(home.path(), &server, &["model"]));
    assert!(second.contains("900 files; 1 of them are sent"), "{second}");
    assert_eq!(blobs(&data), FILES / 3 + 1);
    assert_eq!(requests(&server), [("missing", 2), ("archive", 1), ("inputs", 1), ("runs", 2)]);
}

#[test]
fn a_server_that_takes_less_at_once_is_given_less() {
    let home = tempfile::tempdir().unwrap();
    let (data, folder) = (home.path().join("data"), home.path().join("model"));
    fs::create_dir_all(folder.join("out")).unwrap();
    for n in 0..5 {
        fs::write(folder.join(format!("f{n}.m")), format!("{n}")).unwrap();
    }
    fs::write(folder.join("large.m"), vec![b' '; 9_000]).unwrap();
    fs::write(folder.join(".gitignore"), "{no rule\n").unwrap();
    let settings = "[server]\nmax_archive_files = 2\nmax_archive_bytes = 8192\n";
    fs::write(home.path().join("simulay.toml"), settings).unwrap();
    let server = Server::start(home.path(), &["--data", data.to_str().unwrap(), "--log-format", "json"]);
    let told = complaint(&create(home.path(), &server, &["model"]));
    assert!(told.contains("6 files; 6 of them are sent"), "{told}");
    assert!(told.contains("left out: out/ (an empty folder"), "{told}");
    assert!(told.contains("left out: line 1 of .gitignore (no rule"), "{told}");
    assert_eq!(blobs(&data), 6);
    assert_eq!(requests(&server), [("missing", 1), ("archive", 2), ("inputs", 2), ("runs", 1)]);
}

/// How often each route was asked.
fn requests(server: &Server) -> Vec<(&'static str, usize)> {
    let (_, metrics) = crate::serving::get(&format!("{}/metrics", server.address()));
    let routes = [
        ("missing", "/v1/inputs/missing"),
        ("archive", "/v1/inputs/archive"),
        ("inputs", "/v1/inputs"),
        ("runs", "/v1/pipelines/{pipeline}/runs"),
    ];
    let count = |route: &str| -> usize {
        let of_route = format!("route=\"{route}\"");
        let lines = metrics.lines().filter(|line| line.contains("_count{") && line.contains(&of_route));
        lines.map(|line| line.rsplit(' ').next().unwrap().parse::<usize>().unwrap()).sum()
    };
    routes.map(|(name, route)| (name, count(route))).to_vec()
}

#[test]
fn what_cannot_be_meant_is_told_before_anything_is_sent() {
    let home = tempfile::tempdir().unwrap();
    for folder in ["empty", "one", "two"] {
        fs::create_dir(home.path().join(folder)).unwrap();
    }
    fs::write(home.path().join("one/main.m"), "1").unwrap();
    fs::write(home.path().join("two/main.m"), "2").unwrap();
    let refused = |inputs: &[&str]| {
        let mut arguments = vec!["runs", "create", "heat", "--server", "http://127.0.0.1:1"];
        arguments.extend(inputs.iter().flat_map(|input| ["--input", *input]));
        let output = crate::command::simulay(home.path()).args(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{}", complaint(&output));
        complaint(&output)
    };
    assert!(refused(&["empty"]).contains("has no file to take"));
    assert!(refused(&["one", "two"]).contains("cannot both be in the run"));
    assert!(refused(&["gone"]).contains("there is no file or folder gone"));
}

#[test]
fn for_programs_what_is_left_out_is_a_document() {
    let home = tempfile::tempdir().unwrap();
    fs::create_dir(home.path().join("model")).unwrap();
    fs::write(home.path().join("model/main.m"), "1").unwrap();
    fs::write(home.path().join("model/.hidden"), "1").unwrap();
    let arguments =
        ["runs", "create", "heat", "--json", "--server", "http://127.0.0.1:1", "--input", "model"];
    let told = complaint(&run(home.path(), arguments));
    let lines: Vec<Value> = told.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(lines[0]["note"].as_str().unwrap().contains(".hidden"), "{told}");
}
