//! A daemon that says what is not so.

use simulay_containers::ContainerError;
use simulay_containers::scripted::Memory;
use simulay_containers_docker::Address;
use simulay_fault_proxy::{Fault, FaultProxy, Lie, Mode, Request};
use simulay_model::{ContainerCall, Ending, Resources};
use tempfile::TempDir;

use crate::rig::{Rig, SOCKET, octave, resources, shell};

/// Silent for longer than the host waits before it asks whether the container runs.
const SILENT: &str = "sleep 33; echo done";

/// A host whose looks at containers are answered with `lie`: the one of this number, or each.
fn lied_to(lie: Lie, nth: Option<usize>) -> (Rig, FaultProxy, TempDir) {
    let directory = tempfile::tempdir().unwrap();
    let proxy = FaultProxy::start(&directory.path().join("docker.sock"), SOCKET.as_ref()).unwrap();
    proxy.arm(Some(Fault { request: Request::inspection(), nth, mode: Mode::Lie(lie) }));
    (Rig::at(Address::Unix(proxy.socket().to_owned()), None), proxy, directory)
}

#[tokio::test]
async fn too_much_memory_is_told_though_docker_says_nothing_of_it() {
    let (rig, proxy, _directory) = lied_to(Lie::NothingOfMemory, None);
    let resources = Resources { memory_mib: 64, scratch_mib: 16, ..resources() };
    let eater = ContainerCall { resources, ..octave("x = ones(20000); disp(sum(x(:)));") };
    let (completed, _) = rig.complete(&eater).await;
    assert!(proxy.has_struck());
    assert_eq!(completed.ending, Ending::OutOfMemory);
}

#[tokio::test]
async fn a_container_that_is_said_to_have_ended_is_heard_to_its_end() {
    // The first look finds no container yet.
    let (rig, proxy, _directory) = lied_to(Lie::EndedEarly, Some(2));
    let (completed, memory) = rig.complete(&shell(SILENT)).await;
    assert!(proxy.has_struck());
    assert_eq!(completed.ending, Ending::Exited(0));
    assert_eq!(memory.stdout(), "done\n");
}

#[tokio::test]
async fn a_container_that_is_always_said_to_have_ended_is_lost_and_never_a_success() {
    let (rig, _proxy, _directory) = lied_to(Lie::EndedEarly, None);
    let lost = rig.run(&shell(SILENT), &Memory::new()).await.unwrap_err();
    assert!(matches!(lost, ContainerError::Lost(_)), "{lost:?}");
    assert_eq!(rig.inspect(), None);
}
