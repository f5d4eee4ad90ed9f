use simulay_model::{Ending, OnFailure, Resources, RunId};

use super::*;

fn name(call: u32) -> ContainerName {
    ContainerName { run: RunId::generate(), step: 0, call, attempt: 0 }
}

fn request(name: ContainerName) -> ExecutionRequest {
    let resources = Resources { cpu_milli: 100, memory_mib: 1, scratch_mib: 1, timeout_ms: 1 };
    let call = ContainerCall {
        name: "solve-1".to_owned(),
        image: "octave".to_owned(),
        command: vec!["true".to_owned()],
        env: Vec::new(),
        files: Vec::new(),
        outputs: Vec::new(),
        excludes: Vec::new(),
        keep_unchanged: true,
        resources,
        on_failure: OnFailure::FailRun,
        deterministic: true,
    };
    let permissions = Permissions { images: ["octave".to_owned()].into(), max_resources: resources };
    ExecutionRequest { name, call, permissions, begin: Begin::Start, fence: 1, tenant: None }
}

async fn run(containers: &Scripted, name: ContainerName) -> Result<Completed, ContainerError> {
    containers.run(request(name), &Ledger::default(), CancellationToken::new()).await
}

#[tokio::test]
async fn acts_follow_each_other_and_the_last_is_repeated() {
    let containers = Scripted::new();
    containers.on("solve-1", Act::breaks(|| ContainerError::Lost("gone".to_owned())));
    containers.on("solve-1", Act::exits(3));
    let mut endings = Vec::new();
    for number in 0..3 {
        let ended = run(&containers, name(number)).await;
        endings.push(ended.map(|completed| completed.ending).ok());
    }
    assert_eq!(endings, [None, Some(Ending::Exited(3)), Some(Ending::Exited(3))]);
    assert_eq!((containers.starts().len(), containers.present().len()), (3, 2));
}

#[tokio::test]
async fn a_held_container_is_adopted_released_and_removed() {
    let containers = Scripted::new();
    let name = name(0);
    containers.leave(name, Act::exits(0).held());
    let (completed, ()) = tokio::join!(run(&containers, name), async { containers.release("solve-1") });
    assert_eq!(completed.unwrap().ending, Ending::Exited(0));
    assert!(containers.starts().is_empty());
    containers.remove(name, Some(1)).await.unwrap();
    assert!(containers.list().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_cancelled_container_is_gone_and_an_absent_daemon_says_so() {
    let containers = Scripted::new();
    containers.on("solve-1", Act::exits(0).held());
    let (ledger, cancel) = (Ledger::default(), CancellationToken::new());
    let running = containers.run(request(name(0)), &ledger, cancel.clone());
    let (ended, ()) = tokio::join!(running, async { cancel.cancel() });
    assert!(matches!(ended, Err(ContainerError::Cancelled)));
    assert!(containers.present().is_empty());
    containers.set_absent(true);
    assert!(matches!(containers.ping().await, Err(ContainerError::Unavailable(_))));
}
