//! What cannot be carried out says why.

use simulay_containers::scripted::Memory;
use simulay_containers::{ContainerError, Inventory as _, Limits};
use simulay_containers_docker::{Address, Severity};
use simulay_model::{ContainerCall, Ending, File, Resources, Source};
use tokio::net::UnixListener;

use crate::proxy::Proxy;
use crate::rig::{Rig, command, resources, shell};

#[tokio::test]
async fn a_refused_call_asks_docker_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let (proxy, path) = Proxy::unix(directory.path());
    let rig = Rig::at(Address::Unix(path), None);
    for image in ["alpine", "127.0.0.1:5000/x", "octave:latest --privileged", "-v", ""] {
        let call = ContainerCall { image: image.to_owned(), ..shell("true") };
        let refused = rig.run(&call, &Memory::new()).await;
        assert!(matches!(refused, Err(ContainerError::ImageNotAllowed { .. })), "{image}");
    }
    assert_eq!(proxy.requests(), Vec::<String>::new());
}

#[tokio::test]
async fn a_program_that_is_not_there_is_refused() {
    let rig = Rig::new();
    let ended = rig.run(&command(&["no-such-program"]), &Memory::new()).await;
    assert!(matches!(ended, Err(ContainerError::CommandRefused(_))), "{ended:?}");
    assert_eq!(rig.inspect(), None);
}

#[tokio::test]
async fn inputs_that_do_not_fit_are_refused() {
    let rig = Rig::new();
    let (memory, artifact) = Memory::with(vec![7; 5 << 20]);
    let files = vec![File { path: "big".to_owned(), content: Source::Artifact(artifact) }];
    let resources = Resources { scratch_mib: 2, ..resources() };
    let call = ContainerCall { files, resources, ..shell("true") };
    let ended = rig.run(&call, &memory).await;
    assert!(matches!(ended, Err(ContainerError::InputsTooLarge(2))), "{ended:?}");
    assert_eq!(rig.inspect(), None);
}

#[tokio::test]
async fn a_missing_artifact_is_the_hosts_fault() {
    let rig = Rig::new();
    let (_, artifact) = Memory::with("elsewhere");
    let files = vec![File { path: "in".to_owned(), content: Source::Artifact(artifact) }];
    let ended = rig.run(&ContainerCall { files, ..shell("true") }, &Memory::new()).await;
    assert!(matches!(ended, Err(ContainerError::Exchange(_))), "{ended:?}");
    assert_eq!(rig.inspect(), None);
}

#[tokio::test]
async fn what_cannot_be_kept_costs_only_itself() {
    let script = "ln -s /etc/passwd link; mkfifo pipe; echo x > ./-x; echo y > 'a\\b'; ln -s a\\\\b again; \
        for n in 1 2 3; do echo $n > $n; done; head -c 1001 /dev/zero > large";
    let limits = Limits { max_outputs: 6, max_output_bytes: 1000, ..Limits::default() };
    let rig = Rig::with_limits(limits);
    let (completed, memory) =
        rig.complete(&ContainerCall { outputs: vec!["*".to_owned()], ..shell(script) }).await;
    assert_eq!(completed.ending, Ending::Exited(0), "{}", memory.stderr());
    let kept: Vec<String> = memory.outputs().into_keys().collect();
    assert_eq!(kept, ["-x", "1", "2", "3", "a\\b", "again"]);
    let left_out: Vec<&str> = completed.omitted.files.iter().map(|file| file.path.as_str()).collect();
    assert_eq!(left_out, ["large", "link", "pipe"]);
    assert!(completed.omitted.files[0].reason.contains("max_output_bytes"));
}

#[tokio::test]
async fn a_daemon_that_is_not_there_is_unavailable() {
    let rig = Rig::at(Address::Unix("/nowhere/docker.sock".into()), None);
    let error = rig.containers.ping().await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "Docker is not available: unix:///nowhere/docker.sock does not answer: there is no such socket"
    );
    let findings = rig.containers.preflight().await;
    assert!(findings.len() == 1 && findings[0].severity == Severity::Fail, "{findings:?}");
    assert!(findings[0].cure.is_some());
}

#[tokio::test]
async fn a_frozen_daemon_is_unavailable() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("frozen.sock");
    let _frozen = UnixListener::bind(&path).unwrap();
    let rig = Rig::at(Address::Unix(path), None);
    let error = rig.containers.ping().await.unwrap_err();
    assert!(matches!(error, ContainerError::Unavailable(_)), "{error:?}");
}
