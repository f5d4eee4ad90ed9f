//! What every container runtime does that stands behind the port. A backend shows it in one test, which gives
//! [`check`] what it takes to reach its containers.

#![expect(clippy::unwrap_used, reason = "a helper of a test fails like the test itself")]

mod adoption;
pub mod calls;
mod execution;
mod fences;
pub mod played;
mod refusal;

use async_trait::async_trait;
use simulay_model::ContainerName;
use tokio_util::sync::CancellationToken;

use crate::scripted::Memory;
use crate::{Completed, ContainerError, Containers, ExecutionRequest};

/// A container runtime under test, which nobody else uses. It has the image [`calls::IMAGE`] and the usual
/// bounds.
#[async_trait]
pub trait Subject: Send + Sync {
    /// A host at its containers: the first one, or one after a restart.
    fn host(&self) -> Box<dyn Containers>;

    /// Lets the command of a waiting call go on; see [`calls::waiting`].
    async fn release(&self, request: &ExecutionRequest);
}

/// Does all that every container runtime does alike.
///
/// # Panics
/// When `subject` does not, or does another thing.
pub async fn check(subject: &dyn Subject) {
    execution::streams_and_outputs_are_handed_back(subject).await;
    execution::a_command_that_fails_is_completed(subject).await;
    execution::a_cancelled_container_is_removed(subject).await;
    execution::a_cancelled_call_starts_nothing(subject).await;
    adoption::a_container_is_adopted_and_not_started_twice(subject).await;
    adoption::what_is_not_there_is_not_adopted(subject).await;
    adoption::containers_go_on_when_their_host_is_closed(subject).await;
    refusal::a_call_is_refused_whatever_was_admitted_elsewhere(subject).await;
    execution::the_image_that_it_ran_in_is_told(subject).await;
    what_there_is_is_told(subject).await;
}

/// Does all that a container runtime does which several hosts share, beside [`check`].
///
/// # Panics
/// When `subject` does not, or does another thing.
pub async fn check_fences(subject: &dyn Subject) {
    fences::a_newer_lease_has_the_container(subject).await;
    fences::a_newer_attachment_has_the_container(subject).await;
    fences::an_older_lease_is_refused(subject).await;
    fences::who_goes_by_the_store_needs_no_lease(subject).await;
}

async fn what_there_is_is_told(subject: &dyn Subject) {
    let host = subject.host();
    host.ping().await.unwrap();
    host.capacity().await.unwrap();
    let images = host.images().await.unwrap();
    assert!(images.iter().any(|image| image.name == calls::IMAGE && image.present), "{images:?}");
}

async fn run(
    host: &dyn Containers,
    request: &ExecutionRequest,
    memory: &Memory,
) -> Result<Completed, ContainerError> {
    host.run(request.clone(), memory, CancellationToken::new()).await
}

/// The containers that are there.
async fn present(subject: &dyn Subject) -> Vec<ContainerName> {
    subject.host().list().await.unwrap()
}
