//! `simulay backup`, `restore` and `gc`, beside a server and without one.

use std::path::Path;

use crate::command::{complaint, run, said};
use crate::serving::Server;

/// Whose the containers of a data directory are.
fn instance(data: &Path) -> String {
    let text = std::fs::read_to_string(data.join("instance")).unwrap();
    text.lines().next().unwrap().to_owned()
}

/// A server over `data` in `home`.
fn serve(home: &Path, data: &Path) -> Server {
    Server::start(home, &["--data", data.to_str().unwrap()])
}

#[test]
fn a_server_is_backed_up_while_it_serves_and_comes_back_elsewhere() {
    let home = tempfile::tempdir().unwrap();
    let (data, copy, new) = (home.path().join("data"), home.path().join("copy"), home.path().join("new"));
    let [data_text, copy_text, new_text] = [&data, &copy, &new].map(|path| path.to_str().unwrap());
    let server = serve(home.path(), &data);
    let output = run(home.path(), ["backup", copy_text, "--data", data_text]);
    assert_eq!(output.status.code(), Some(0), "{}", complaint(&output));
    assert!(said(&output).contains("is copied to"), "{}", said(&output));
    let again = run(home.path(), ["backup", copy_text, "--data", data_text]);
    assert_eq!(again.status.code(), Some(1));
    assert!(complaint(&again).contains("is not empty"), "{}", complaint(&again));
    let output = run(home.path(), ["restore", copy_text, "--data", new_text, "--json"]);
    assert_eq!(output.status.code(), Some(0), "{}", complaint(&output));
    let told: serde_json::Value = serde_json::from_str(&said(&output)).unwrap();
    assert_eq!(told["damaged"], serde_json::json!([]));
    let over = run(home.path(), ["restore", copy_text, "--data", data_text]);
    assert_eq!(over.status.code(), Some(1), "what is there is not written over");
    drop(server);
    // It has told its address: it serves.
    let _server = serve(home.path(), &new);
    assert_ne!(instance(&new), instance(&data), "it leaves the containers of the other alone");
    let instead = home.path().join("instead");
    let arguments = ["restore", "--same-instance", copy_text, "--data", instead.to_str().unwrap()];
    let output = run(home.path(), arguments);
    assert_eq!(output.status.code(), Some(0), "{}", complaint(&output));
    let _other = serve(home.path(), &instead);
    assert_eq!(instance(&instead), instance(&data), "its containers are still its own");
}

#[test]
fn a_plain_copy_of_a_directory_is_an_instance_of_its_own_until_told_otherwise() {
    let home = tempfile::tempdir().unwrap();
    let (data, copy) = (home.path().join("data"), home.path().join("copy"));
    let live = serve(home.path(), &data);
    let copied = std::process::Command::new("cp").arg("-a").args([&data, &copy]).status().unwrap();
    assert!(copied.success());
    drop(serve(home.path(), &copy));
    assert_ne!(instance(&copy), instance(&data));
    drop(live);
    drop(Server::start(home.path(), &["--data", copy.to_str().unwrap(), "--same-instance"]));
    assert_eq!(instance(&copy), instance(&data));
}

#[test]
fn beside_a_server_only_a_look_is_allowed() {
    let home = tempfile::tempdir().unwrap();
    let data = home.path().join("data");
    let text = data.to_str().unwrap();
    let server = serve(home.path(), &data);
    let looked = run(home.path(), ["gc", "--dry-run", "--data", text]);
    assert_eq!(looked.status.code(), Some(0), "{}", complaint(&looked));
    assert!(said(&looked).contains("0 runs") && said(&looked).contains("would go"), "{}", said(&looked));
    let refused = run(home.path(), ["gc", "--data", text]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(complaint(&refused).contains("--dry-run"), "{}", complaint(&refused));
    drop(server);
    let cleaned = run(home.path(), ["gc", "--data", text, "--json"]);
    assert_eq!(cleaned.status.code(), Some(0), "{}", complaint(&cleaned));
    let told: serde_json::Value = serde_json::from_str(&said(&cleaned)).unwrap();
    assert_eq!((&told["dry_run"], &told["blobs"]), (&false.into(), &0.into()));
}

#[test]
fn without_a_data_directory_there_is_nothing_to_copy() {
    let home = tempfile::tempdir().unwrap();
    let nothing = home.path().join("nothing");
    let output = run(home.path(), ["backup", "copy", "--data", nothing.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    assert!(complaint(&output).contains("is no data directory"), "{}", complaint(&output));
    assert!(!home.path().join("copy").exists());
}
