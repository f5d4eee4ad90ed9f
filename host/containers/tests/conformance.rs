//! The scripted stand-in does what every container runtime does.

use async_trait::async_trait;
use std::sync::Arc;

use simulay_containers::conformance::{Subject, calls, check, check_fences, played};
use simulay_containers::scripted::Scripted;
use simulay_containers::{Containers, ExecutionRequest, Fenced, ImageId, Policy};
use simulay_model::Digest;

struct Stage(Scripted);

#[async_trait]
impl Subject for Stage {
    fn host(&self) -> Box<dyn Containers> {
        Box::new(self.0.clone())
    }

    async fn release(&self, request: &ExecutionRequest) {
        self.0.release(&request.call.name);
    }
}

/// Hosts that share one runtime.
struct Shared(Arc<Fenced<Scripted>>, Scripted);

#[async_trait]
impl Subject for Shared {
    fn host(&self) -> Box<dyn Containers> {
        Box::new(self.0.clone())
    }

    async fn release(&self, request: &ExecutionRequest) {
        self.1.release(&request.call.name);
    }
}

fn scripted() -> Scripted {
    let images = [(calls::IMAGE.to_owned(), ImageId::from(Digest::of(b"shell")))].into();
    let containers = Scripted::with_policy(Policy { images, ..Policy::default() });
    played::play(&containers);
    containers
}

#[tokio::test]
async fn scripted_containers_are_like_any_other() {
    check(&Stage(scripted())).await;
}

#[tokio::test]
async fn fenced_containers_obey_the_newest_lease() {
    let containers = scripted();
    check_fences(&Shared(Arc::new(Fenced::new(containers.clone())), containers)).await;
}

#[tokio::test]
#[should_panic(expected = "a refused call starts nothing")]
async fn a_runtime_that_admits_what_its_operator_does_not_grant_is_caught() {
    let containers = Scripted::new();
    played::play(&containers);
    check(&Stage(containers)).await;
}
