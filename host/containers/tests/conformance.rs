//! The scripted stand-in does what every container runtime does.

use async_trait::async_trait;
use simulay_containers::conformance::{Subject, calls, check};
use simulay_containers::scripted::{Act, Scripted};
use simulay_containers::{Containers, ExecutionRequest, ImageId, Policy};
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

/// What the commands of the calls do.
fn played(containers: &Scripted) {
    let whole = calls::TAKEN.concat();
    let copies = Act::exits(0).stdout(whole.clone()).stderr(calls::COMPLAINT).output(calls::COPY, whole);
    containers.on(calls::COPIES, copies);
    containers.on(calls::FAILS, Act::exits(calls::CODE));
    for name in ["adopted", "let-go", "cancelled"] {
        for line in ["first\n", "second\n", "third\n"] {
            containers.on(name, Act::exits(0).stdout(line).held());
        }
    }
}

#[tokio::test]
async fn scripted_containers_are_like_any_other() {
    let images = [(calls::IMAGE.to_owned(), ImageId::from(Digest::of(b"shell")))].into();
    let containers = Scripted::with_policy(Policy { images, ..Policy::default() });
    played(&containers);
    check(&Stage(containers)).await;
}

#[tokio::test]
#[should_panic(expected = "a refused call starts nothing")]
async fn a_runtime_that_admits_what_its_operator_does_not_grant_is_caught() {
    let containers = Scripted::new();
    played(&containers);
    check(&Stage(containers)).await;
}
