//! Whoever executes a call admits it.

use simulay_model::{ContainerCall, File, Source};

use super::{Subject, calls, present, run};
use crate::scripted::Memory;
use crate::{ContainerError, ExecutionRequest};

/// Nothing but what a host may say of a call is changed: no policy but the runtime's own can refuse it.
pub(super) async fn a_call_is_refused_whatever_was_admitted_elsewhere(subject: &dyn Subject) {
    for image in [calls::UNREGISTERED, "undeclared", "alpine", "-v", ""] {
        let ended = changed(subject, |call| call.image = image.to_owned()).await;
        assert!(matches!(ended, ContainerError::ImageNotAllowed { .. }), "{image}: {ended:?}");
    }
    let denials: [fn(&mut ContainerCall); 6] = [
        |call| call.name = "../name".to_owned(),
        |call| call.command.clear(),
        |call| call.env = vec![("LD_PRELOAD".to_owned(), "x".to_owned())],
        |call| call.files = vec![File { path: "../x".to_owned(), content: Source::Text(String::new()) }],
        |call| call.outputs = vec!["/etc/*".to_owned()],
        |call| call.resources.memory_mib = u32::MAX,
    ];
    for change in denials {
        let ended = changed(subject, change).await;
        assert!(matches!(ended, ContainerError::SpecDenied { .. }), "{ended:?}");
    }
    let mut request = calls::request(calls::failing());
    request.permissions.images.clear();
    assert!(matches!(refused(subject, request).await, ContainerError::ImageNotAllowed { .. }));
}

async fn changed(subject: &dyn Subject, change: impl FnOnce(&mut ContainerCall)) -> ContainerError {
    let mut request = calls::request(calls::failing());
    change(&mut request.call);
    refused(subject, request).await
}

async fn refused(subject: &dyn Subject, request: ExecutionRequest) -> ContainerError {
    let ended = run(&*subject.host(), &request, &Memory::new()).await;
    assert_eq!(present(subject).await, [], "a refused call starts nothing");
    ended.unwrap_err()
}
