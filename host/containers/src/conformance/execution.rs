//! A call runs to its end, or is stopped.

use simulay_model::{Digest, Ending};
use tokio_util::sync::CancellationToken;

use super::{Subject, calls, present, run};
use crate::ContainerError;
use crate::scripted::Memory;

pub(super) async fn streams_and_outputs_are_handed_back(subject: &dyn Subject) {
    let (host, request) = (subject.host(), calls::request(calls::copying()));
    let (memory, _) = Memory::with(calls::TAKEN[1]);
    let completed = run(&*host, &request, &memory).await.unwrap();
    let whole = calls::TAKEN.concat();
    assert_eq!(completed.ending, Ending::Exited(0));
    assert_eq!((memory.stdout(), memory.stderr()), (whole.clone(), calls::COMPLAINT.to_owned()));
    let copy = (whole.len() as u64, Digest::of(whole.as_bytes()));
    assert_eq!(memory.outputs(), [(calls::COPY.to_owned(), copy)].into());
    // Until what was handed back is safe.
    assert_eq!(present(subject).await, [request.name]);
    for _ in 0..2 {
        host.remove(request.name, Some(request.fence)).await.unwrap();
        assert_eq!(present(subject).await, []);
    }
}

pub(super) async fn the_image_that_it_ran_in_is_told(subject: &dyn Subject) {
    let (host, request) = (subject.host(), calls::request(calls::failing()));
    let images = host.images().await.unwrap().into_iter();
    let known = images.map(|image| (image.name, image.id)).find(|(name, _)| name == calls::IMAGE);
    let completed = run(&*host, &request, &Memory::new()).await.unwrap();
    assert_eq!(completed.image, known.map(|(_, id)| id));
    host.remove(request.name, Some(request.fence)).await.unwrap();
}

pub(super) async fn a_command_that_fails_is_completed(subject: &dyn Subject) {
    let (host, request) = (subject.host(), calls::request(calls::failing()));
    let completed = run(&*host, &request, &Memory::new()).await.unwrap();
    assert_eq!(completed.ending, Ending::Exited(calls::CODE));
    host.remove(request.name, Some(request.fence)).await.unwrap();
}

pub(super) async fn a_cancelled_container_is_removed(subject: &dyn Subject) {
    let (host, request) = (subject.host(), calls::request(calls::waiting("cancelled")));
    let (memory, cancel) = (Memory::new(), CancellationToken::new());
    let (ended, ()) = tokio::join!(host.run(request, &memory, cancel.clone()), async {
        memory.printed("\n").await;
        cancel.cancel();
    });
    assert!(matches!(ended, Err(ContainerError::Cancelled)), "{ended:?}");
    assert_eq!(present(subject).await, []);
}

pub(super) async fn a_cancelled_call_starts_nothing(subject: &dyn Subject) {
    let cancel = CancellationToken::new();
    cancel.cancel();
    let request = calls::request(calls::failing());
    let ended = subject.host().run(request, &Memory::new(), cancel).await;
    assert!(matches!(ended, Err(ContainerError::Cancelled)), "{ended:?}");
    assert_eq!(present(subject).await, []);
}
