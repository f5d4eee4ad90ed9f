//! Of the hosts that share a runtime, the one with the newest lease of a run has its containers.

use simulay_model::Ending;

use super::{Subject, calls, present, run};
use crate::scripted::Memory;
use crate::{Begin, ContainerError, ExecutionRequest};

pub(super) async fn a_newer_lease_has_the_container(subject: &dyn Subject) {
    is_taken_over(subject, "newer-lease", 1).await;
}

pub(super) async fn a_newer_attachment_has_the_container(subject: &dyn Subject) {
    is_taken_over(subject, "newer-attachment", 0).await;
}

pub(super) async fn an_older_lease_is_refused(subject: &dyn Subject) {
    let (host, memory) = (subject.host(), Memory::new());
    let request = calls::request(calls::waiting("older-lease"));
    let older = ExecutionRequest { begin: Begin::Adopt, fence: request.fence - 1, ..request.clone() };
    let (completed, ()) = tokio::join!(run(&*host, &request, &memory), async {
        memory.printed("\n").await;
        is_refused(subject, &older).await;
        let mut another = older.clone();
        (another.name.call, another.begin) = (1, Begin::Start);
        is_refused(subject, &another).await;
        subject.release(&request).await;
    });
    assert_eq!(completed.unwrap().ending, Ending::Exited(0));
    is_refused(subject, &older).await;
    host.remove(request.name, Some(request.fence)).await.unwrap();
    assert_eq!(present(subject).await, []);
}

pub(super) async fn who_goes_by_the_store_needs_no_lease(subject: &dyn Subject) {
    let (host, request) = (subject.host(), calls::request(calls::failing()));
    run(&*host, &request, &Memory::new()).await.unwrap();
    subject.host().remove(request.name, None).await.unwrap();
    assert_eq!(present(subject).await, []);
    // Of a run without containers nothing is remembered.
    let older = ExecutionRequest { fence: request.fence - 1, ..request };
    run(&*host, &older, &Memory::new()).await.unwrap();
    host.remove(older.name, Some(older.fence)).await.unwrap();
}

/// A host comes to a container that another is attached to, with a fence that is so much higher.
async fn is_taken_over(subject: &dyn Subject, name: &str, higher: u64) {
    let (first, second) = (subject.host(), subject.host());
    let older = calls::request(calls::waiting(name));
    let newer = ExecutionRequest { begin: Begin::Adopt, fence: older.fence + higher, ..older.clone() };
    let (before, after) = (Memory::new(), Memory::new());
    let (ended, completed) = tokio::join!(run(&*first, &older, &before), async {
        before.printed("\n").await;
        let (completed, ()) = tokio::join!(run(&*second, &newer, &after), async {
            after.printed("\n").await;
            subject.release(&newer).await;
        });
        completed
    });
    assert!(matches!(ended, Err(ContainerError::Fenced)), "{ended:?}");
    assert_eq!((completed.unwrap().ending, after.stdout()), (Ending::Exited(0), before.stdout()));
    assert_eq!(present(subject).await, [newer.name]);
    second.remove(newer.name, Some(newer.fence)).await.unwrap();
}

/// Whatever `older` asks for is refused, and changes nothing.
async fn is_refused(subject: &dyn Subject, older: &ExecutionRequest) {
    let (host, before) = (subject.host(), present(subject).await);
    let ended = run(&*host, older, &Memory::new()).await;
    assert!(matches!(ended, Err(ContainerError::Fenced)), "{ended:?}");
    let removed = host.remove(older.name, Some(older.fence)).await;
    assert!(matches!(removed, Err(ContainerError::Fenced)), "{removed:?}");
    assert_eq!(present(subject).await, before);
}
