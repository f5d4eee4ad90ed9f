//! Whose containers are whose: two hosts on one daemon, and processes that are no more.

use std::process::{Command, Stdio};

use simulay_containers::scripted::Memory;
use simulay_containers::{Begin, ContainerError, Execution as _, Inventory as _};
use simulay_containers_docker::Owner;
use simulay_model::Ending;
use tokio_util::sync::CancellationToken;

use crate::adoption::{go, waiting};
use crate::rig::{Rig, shell};

#[tokio::test]
async fn a_copy_of_a_host_leaves_the_containers_of_the_other_alone() {
    let rig = Rig::new();
    let copy = rig.copy();
    let (call, memory) = (waiting(), Memory::new());
    let (completed, ()) = tokio::join!(rig.run(&call, &memory), async {
        memory.printed("one").await;
        // The same run, step, call and attempt.
        assert_eq!(copy.containers.list().await.unwrap(), []);
        let request = copy.request(&call, Begin::Adopt);
        let ended = copy.containers.run(request, &Memory::new(), CancellationToken::new()).await;
        assert!(matches!(ended, Err(ContainerError::Lost(_))), "{ended:?}");
        copy.containers.remove(copy.name, None).await.unwrap();
        let (own, _) = copy.complete(&shell("true")).await;
        assert_eq!(own.ending, Ending::Exited(0));
        go(&rig);
    });
    assert_eq!(completed.unwrap().ending, Ending::Exited(0));
    rig.containers.remove(rig.name, None).await.unwrap();
}

/// A process that waits to be ended, and what names it.
fn process() -> (std::process::Child, Owner) {
    let child = Command::new("cat").stdin(Stdio::piped()).spawn().unwrap();
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", child.id())).unwrap();
    let started = stat.rsplit_once(')').unwrap().1.split_whitespace().nth(19).unwrap();
    let here = Owner::this_process().unwrap().to_string();
    let place: Vec<&str> = here.split(' ').take(2).collect();
    let owner = format!("{} {} {started}", place.join(" "), child.id());
    (child, owner.parse().unwrap())
}

#[tokio::test]
async fn a_container_goes_once_its_process_is_gone_and_not_before() {
    let (mut child, owner) = process();
    let (rig, other) = (Rig::with_owner(owner), Rig::new());
    let (call, memory) = (waiting(), Memory::new());
    tokio::select! {
        ended = rig.run(&call, &memory) => panic!("{ended:?}"),
        () = memory.printed("one") => {}
    }
    other.containers.remove_orphans().await.unwrap();
    assert!(rig.inspect().is_some());
    child.kill().unwrap();
    child.wait().unwrap();
    other.containers.remove_orphans().await.unwrap();
    assert_eq!(rig.inspect(), None);
}

#[tokio::test]
async fn a_container_under_the_name_of_an_older_version_is_removed() {
    let rig = Rig::new();
    let (former, image) = (rig.name.to_string(), crate::rig::image_id().to_string());
    let label = format!("org.simulay.instance={}", rig.instance);
    let arguments = ["create", "--name", &former, "--label", &label, &image];
    assert!(Command::new("docker").args(arguments).output().unwrap().status.success());
    assert_eq!(rig.copy().containers.list().await.unwrap(), []);
    assert!(crate::rig::docker(&["inspect", &former]).is_some(), "another instance leaves it alone");
    assert_eq!(rig.containers.list().await.unwrap(), []);
    assert!(crate::rig::docker(&["inspect", &former]).is_none());
}
