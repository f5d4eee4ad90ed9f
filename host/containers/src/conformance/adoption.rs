//! A host that is no more leaves its containers to the next.

use simulay_model::Ending;
use tokio_util::sync::CancellationToken;

use super::{Subject, calls, present, run};
use crate::scripted::Memory;
use crate::{Begin, ContainerError, ExecutionRequest};

pub(super) async fn a_container_is_adopted_and_not_started_twice(subject: &dyn Subject) {
    let request = calls::request(calls::waiting("adopted"));
    let (host, memory) = (subject.host(), Memory::new());
    tokio::select! {
        ended = run(&*host, &request, &memory) => panic!("{ended:?}"),
        // Dropped, as by a kill of the host.
        () = memory.printed("\n") => {}
    }
    drop(host);
    let line = memory.stdout();
    let (host, memory) = (subject.host(), Memory::new());
    let (completed, ()) = tokio::join!(run(&*host, &request, &memory), async {
        memory.printed("\n").await;
        subject.release(&request).await;
    });
    assert_eq!((completed.unwrap().ending, memory.stdout()), (Ending::Exited(0), line.clone()));
    // Told from the start, as often as it is asked for.
    for begin in [Begin::Start, Begin::Adopt] {
        is_heard_again(subject, &ExecutionRequest { begin, ..request.clone() }, &line).await;
    }
    host.remove(request.name, Some(request.fence)).await.unwrap();
}

pub(super) async fn what_is_not_there_is_not_adopted(subject: &dyn Subject) {
    let request = ExecutionRequest { begin: Begin::Adopt, ..calls::request(calls::failing()) };
    let ended = run(&*subject.host(), &request, &Memory::new()).await;
    assert!(matches!(ended, Err(ContainerError::Lost(_))), "{ended:?}");
    assert_eq!(present(subject).await, []);
}

pub(super) async fn containers_go_on_when_their_host_is_closed(subject: &dyn Subject) {
    let (host, request) = (subject.host(), calls::request(calls::waiting("let-go")));
    let memory = Memory::new();
    let (ended, ()) = tokio::join!(host.run(request.clone(), &memory, CancellationToken::new()), async {
        memory.printed("\n").await;
        host.close().await;
    });
    assert!(matches!(ended, Err(ContainerError::Closed)), "{ended:?}");
    let refused = run(&*host, &calls::request(calls::failing()), &Memory::new()).await;
    assert!(matches!(refused, Err(ContainerError::Closed)), "{refused:?}");
    host.close().await;
    subject.release(&request).await;
    is_heard_again(subject, &ExecutionRequest { begin: Begin::Adopt, ..request.clone() }, &memory.stdout())
        .await;
    host.remove(request.name, Some(request.fence)).await.unwrap();
    assert_eq!(present(subject).await, []);
}

/// Another host hears the container that printed `line`, and there is no other.
async fn is_heard_again(subject: &dyn Subject, request: &ExecutionRequest, line: &str) {
    assert_eq!(present(subject).await, [request.name]);
    let memory = Memory::new();
    let completed = run(&*subject.host(), request, &memory).await.unwrap();
    assert_eq!((completed.ending, memory.stdout().as_str()), (Ending::Exited(0), line));
}
