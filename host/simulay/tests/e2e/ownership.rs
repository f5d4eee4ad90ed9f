//! Containers belong to one host, or to one command, and go with it or stay for it.

use std::io::Read as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::json;

use crate::host::{Host, containers_of, docker, image, plugin};

const SIMULAY: &str = env!("CARGO_BIN_EXE_simulay");

/// `simulay run` of a simulation that pauses so long.
fn run(home: &Path, pause_s: u32) -> Child {
    let component = home.join("plugin.wasm");
    std::fs::write(&component, plugin("beam-monte-carlo")).unwrap();
    let params = json!({ "containers": 1, "samples": 1000, "pause_s": pause_s }).to_string();
    let mut command = Command::new(SIMULAY);
    command.args(["run", "--params", &params]).arg(&component).current_dir(home);
    command.env("SIMULAY__IMAGES__OCTAVE", image()).env("HOME", home);
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// The containers that go with a process.
fn containers_with(process: u32) -> Vec<String> {
    let format = "{{.ID}} {{.Label \"org.simulay.owner\"}}";
    let told = docker(&["ps", "--all", "--filter", "label=org.simulay.owner", "--format", format]);
    let of_process = |line: &&str| line.split(' ').nth(3) == Some(&process.to_string());
    told.lines().filter(of_process).map(|line| line.split(' ').next().unwrap().to_owned()).collect()
}

async fn at_work(command: &Child) -> Vec<String> {
    let started = async {
        while containers_with(command.id()).is_empty() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        containers_with(command.id())
    };
    tokio::time::timeout(Duration::from_secs(120), started).await.expect("a container starts")
}

fn exists(container: &str) -> bool {
    !docker(&["ps", "--all", "--quiet", "--filter", &format!("id={container}")]).is_empty()
}

#[tokio::test]
async fn what_a_killed_command_left_goes_with_the_next() {
    let home = tempfile::tempdir().unwrap();
    let mut killed = run(home.path(), 600);
    let left = at_work(&killed).await;
    let mut alive = run(home.path(), 600);
    let beside = at_work(&alive).await;
    killed.kill().unwrap();
    killed.wait().unwrap();
    assert!(left.iter().all(|container| exists(container)), "nobody had the time to remove it");
    let next = run(home.path(), 0).wait_with_output().unwrap();
    assert_eq!(next.status.code(), Some(0), "{}", String::from_utf8_lossy(&next.stderr));
    assert!(!left.iter().any(|container| exists(container)));
    assert!(beside.iter().all(|container| exists(container)), "its command lives");
    // A server finds it as well.
    alive.kill().unwrap();
    alive.wait().unwrap();
    let data = tempfile::tempdir().unwrap();
    let _host = Host::start(data.path());
    let gone = async {
        while beside.iter().any(|container| exists(container)) {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), gone).await.expect("the server removes it");
}

#[tokio::test]
async fn a_command_whose_terminal_hangs_up_takes_its_container_along() {
    let home = tempfile::tempdir().unwrap();
    let mut command = run(home.path(), 600);
    let containers = at_work(&command).await;
    // Nobody reads what it says any more.
    drop(command.stderr.take());
    kill(Pid::from_raw(command.id().try_into().unwrap()), Signal::SIGHUP).unwrap();
    let mut said = String::new();
    command.stdout.take().unwrap().read_to_string(&mut said).unwrap();
    assert_eq!(command.wait().unwrap().code(), Some(130), "{said}");
    assert!(!containers.iter().any(|container| exists(container)));
}

#[tokio::test]
async fn a_restored_copy_works_beside_the_host_that_was_copied() {
    let home = tempfile::tempdir().unwrap();
    let (data, copy, restored) =
        (home.path().join("data"), home.path().join("copy"), home.path().join("restored"));
    std::fs::create_dir(&data).unwrap();
    let live = Host::start(&data);
    live.upload("beam-monte-carlo").await;
    let params = json!({ "containers": 1, "samples": 1000, "pause_s": 15 });
    let id = live.create("beam-monte-carlo", &params, &[]).await;
    live.started(&id, 1).await;
    let [of_live] = containers_of(&id).try_into().unwrap();
    let started = || docker(&["inspect", "--format", "{{.Id}} {{.State.StartedAt}}", &of_live]);
    let before = started();
    for arguments in [["backup", "--data"], ["restore", "--data"]] {
        let (from, to) = if arguments[0] == "backup" { (&data, &copy) } else { (&restored, &copy) };
        let output =
            live.simulay(&[arguments[0], arguments[1], from.to_str().unwrap(), to.to_str().unwrap()]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    let other = Host::start(&restored);
    // It goes on with the run in a container of its own.
    other.started(&id, 2).await;
    assert_eq!(started(), before, "the container of the other is as it was");
    let (of_live, of_other) = (live.ended(&id).await, other.ended(&id).await);
    assert_eq!(of_live["state"], "succeeded", "{of_live}");
    assert_eq!(of_other["state"], "succeeded", "{of_other}");
    assert_eq!(of_live["report"]["outcome"], of_other["report"]["outcome"]);
    let events = String::from_utf8(live.bytes(&format!("/v1/runs/{id}/events")).await).unwrap();
    assert!(!events.contains("another attempt"), "{events}");
}
