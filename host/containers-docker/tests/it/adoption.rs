//! A host that was killed finds its containers again, and starts none twice.

use std::process::Command;
use std::time::Duration;

use simulay_containers::scripted::Memory;
use simulay_containers::{Begin, ContainerError, Execution as _, Inventory as _};
use simulay_containers_docker::Address;
use simulay_model::{ContainerCall, Digest, Ending};
use tokio_util::sync::CancellationToken;

use crate::proxy::Proxy;
use crate::rig::{Rig, shell};

/// Prints, waits for [`go`], and prints again.
pub(crate) fn waiting() -> ContainerCall {
    let script = "echo one; echo oops >&2; while [ ! -e go ]; do sleep 0.02; done; echo two; echo x > out";
    ContainerCall { outputs: vec!["out".to_owned()], ..shell(script) }
}

/// Lets the command go on.
pub(crate) fn go(rig: &Rig) {
    let name = rig.called();
    let done = Command::new("docker").args(["exec", &name, "touch", "/sim/go"]).status().unwrap();
    assert!(done.success());
}

fn started(rig: &Rig) -> (String, String) {
    let found = rig.inspect().unwrap();
    (found["Id"].to_string(), found["State"]["StartedAt"].to_string())
}

/// Runs until the command has printed, then drops all, as a kill of the host does.
async fn run_until_killed(rig: &Rig) {
    let (call, memory) = (waiting(), Memory::new());
    tokio::select! {
        ended = rig.run(&call, &memory) => panic!("{ended:?}"),
        () = memory.printed("one") => {}
    }
}

#[tokio::test]
async fn a_container_at_work_is_adopted() {
    let rig = Rig::new();
    run_until_killed(&rig).await;
    let before = started(&rig);

    let reborn = rig.reborn();
    assert_eq!(reborn.containers.list().await.unwrap(), [rig.name]);
    let (call, memory) = (waiting(), Memory::new());
    let (completed, ()) = tokio::join!(reborn.run(&call, &memory), async {
        memory.printed("one").await;
        assert_eq!(started(&rig), before);
        go(&rig);
    });
    assert_eq!(completed.unwrap().ending, Ending::Exited(0));
    assert_eq!((memory.stdout(), memory.stderr()), ("one\ntwo\n".to_owned(), "oops\n".to_owned()));
    assert_eq!(memory.outputs()["out"], (2, Digest::of(b"x\n")));
    assert_eq!(started(&rig), before);
    reborn.containers.remove(rig.name, None).await.unwrap();
    assert_eq!(reborn.containers.list().await.unwrap(), []);
}

#[tokio::test]
async fn results_are_held_until_the_host_is_back() {
    let rig = Rig::new();
    run_until_killed(&rig).await;
    let before = started(&rig);
    go(&rig);
    // Told as often as it is asked for, until the container is removed.
    for _ in 0..2 {
        let (reborn, memory) = (rig.reborn(), Memory::new());
        let completed = reborn.run(&waiting(), &memory).await.unwrap();
        assert_eq!(completed.ending, Ending::Exited(0));
        assert_eq!(memory.stdout(), "one\ntwo\n");
        assert_eq!(memory.outputs().len(), 1);
        assert_eq!(started(&rig), before);
        std::mem::forget(reborn);
    }
}

#[tokio::test]
async fn a_cut_attachment_is_made_anew() {
    let directory = tempfile::tempdir().unwrap();
    let (proxy, path) = Proxy::unix(directory.path());
    let rig = Rig::at(Address::Unix(path), None);
    let (call, memory) = (waiting(), Memory::new());
    let (attach, start) = (
        format!("POST /containers/{}/attach", rig.called()),
        format!("POST /containers/{}/start", rig.called()),
    );
    let count = |wanted: &str| proxy.requests().iter().filter(|request| *request == wanted).count();
    let (completed, ()) = tokio::join!(rig.run(&call, &memory), async {
        memory.printed("one").await;
        proxy.cut();
        // A job that ends too soon might still be told over the connection that is being cut.
        while count(&attach) < 2 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        go(&rig);
    });
    assert_eq!(completed.unwrap().ending, Ending::Exited(0));
    assert_eq!(memory.stdout(), "one\ntwo\n");
    assert_eq!((count(&attach), count(&start)), (2, 1), "{:?}", proxy.requests());
}

#[tokio::test]
async fn a_created_container_is_started() {
    let rig = Rig::new();
    let (name, image) = (rig.called(), crate::rig::image_id().to_string());
    let tmpfs = "/sim:uid=65532,gid=65532";
    let arguments = [
        "create",
        "-i",
        "--name",
        &name,
        "--network",
        "none",
        "--shm-size",
        "256m",
        "--tmpfs",
        tmpfs,
        &image,
    ];
    assert!(Command::new("docker").args(arguments).output().unwrap().status.success());
    let id = rig.inspect().unwrap()["Id"].clone();
    let memory = Memory::new();
    let completed = rig.run(&shell("echo here"), &memory).await.unwrap();
    assert_eq!((completed.ending, memory.stdout()), (Ending::Exited(0), "here\n".to_owned()));
    assert_eq!(rig.inspect().unwrap()["Id"], id);
}

#[tokio::test]
async fn a_container_that_is_over_is_lost() {
    let rig = Rig::new();
    let (name, image) = (rig.called(), crate::rig::image_id().to_string());
    let arguments = ["run", "--name", &name, "--entrypoint", "false", &image];
    assert_eq!(Command::new("docker").args(arguments).output().unwrap().status.code(), Some(1));
    let ended = rig.run(&shell("true"), &Memory::new()).await;
    assert!(matches!(ended, Err(ContainerError::Lost(_))), "{ended:?}");
    assert_eq!(rig.inspect(), None);
}

#[tokio::test]
async fn a_container_that_is_killed_or_removed_is_lost() {
    for verb in [["kill"].as_slice(), &["rm", "-f"]] {
        let rig = Rig::new();
        let (call, memory) = (waiting(), Memory::new());
        let (ended, ()) = tokio::join!(rig.run(&call, &memory), async {
            memory.printed("one").await;
            let done = Command::new("docker").args(verb).arg(rig.called()).output().unwrap();
            assert!(done.status.success());
        });
        assert!(matches!(ended, Err(ContainerError::Lost(_))), "{ended:?}");
        assert_eq!(rig.inspect(), None);
    }
}

#[tokio::test]
async fn a_cancelled_container_is_gone() {
    let rig = Rig::new();
    let (call, memory, cancel) = (waiting(), Memory::new(), CancellationToken::new());
    let (ended, ()) =
        tokio::join!(rig.containers.run(rig.request(&call, Begin::Start), &memory, cancel.clone()), async {
            memory.printed("one").await;
            cancel.cancel();
        });
    assert!(matches!(ended, Err(ContainerError::Cancelled)), "{ended:?}");
    assert_eq!(rig.inspect(), None);
}

#[tokio::test]
async fn a_cancelled_call_starts_nothing() {
    let rig = Rig::new();
    let cancel = CancellationToken::new();
    cancel.cancel();
    let request = rig.request(&waiting(), Begin::Start);
    let ended = rig.containers.run(request, &Memory::new(), cancel).await;
    assert!(matches!(ended, Err(ContainerError::Cancelled)), "{ended:?}");
    assert_eq!(rig.inspect(), None);
}

#[tokio::test]
async fn what_may_have_started_before_is_not_started_again() {
    let rig = Rig::new();
    let (call, cancel) = (waiting(), CancellationToken::new());
    let request = rig.request(&call, Begin::Adopt);
    let ended = rig.containers.run(request, &Memory::new(), cancel).await;
    assert!(matches!(ended, Err(ContainerError::Lost(_))), "{ended:?}");
    assert_eq!(rig.inspect(), None);
}
