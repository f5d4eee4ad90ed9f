use std::pin::pin;

use futures_util::FutureExt as _;
use tokio::sync::Semaphore;

use super::*;
use crate::Begin;
use crate::conformance::calls;
use crate::scripted::{Act, Memory, Scripted};

/// Containers whose removals take until they are let through, one by one.
struct Slow {
    containers: Scripted,
    let_through: Semaphore,
}

#[async_trait]
impl Execution for Slow {
    async fn run(
        &self,
        request: ExecutionRequest,
        exchange: &dyn Exchange,
        cancel: CancellationToken,
    ) -> Result<Completed, ContainerError> {
        self.containers.run(request, exchange, cancel).await
    }

    async fn remove(&self, name: ContainerName, fence: Option<u64>) -> Result<(), ContainerError> {
        self.let_through.acquire().await.unwrap().forget();
        self.containers.remove(name, fence).await
    }

    async fn close(&self) {
        self.containers.close().await;
    }
}

#[async_trait]
impl Inventory for Slow {
    async fn list(&self) -> Result<Vec<ContainerName>, ContainerError> {
        self.containers.list().await
    }

    async fn ping(&self) -> Result<(), ContainerError> {
        self.containers.ping().await
    }

    async fn images(&self) -> Result<Vec<RegisteredImage>, ContainerError> {
        self.containers.images().await
    }

    async fn node(&self) -> Result<NodeStatus, ContainerError> {
        self.containers.node().await
    }
}

/// What a fence holds, and the request for a container that is there.
fn with_one_there() -> (Fenced<Slow>, ExecutionRequest) {
    let (containers, request) = (Scripted::new(), calls::request(calls::failing()));
    containers.leave(request.name, Act::exits(0));
    (Fenced::new(Slow { containers, let_through: Semaphore::new(0) }), request)
}

async fn adopt(fenced: &Fenced<Slow>, request: &ExecutionRequest) -> Result<Completed, ContainerError> {
    let request = ExecutionRequest { begin: Begin::Adopt, ..request.clone() };
    fenced.run(request, &Memory::new(), CancellationToken::new()).await
}

#[tokio::test]
async fn who_adopts_while_an_older_lease_removes_learns_that_nothing_is_there() {
    let (fenced, older) = with_one_there();
    let newer = ExecutionRequest { fence: older.fence + 1, ..older.clone() };
    let mut removed = pin!(fenced.remove(older.name, Some(older.fence)));
    let mut again = pin!(fenced.remove(older.name, Some(older.fence)));
    assert!((&mut removed).now_or_never().is_none() && (&mut again).now_or_never().is_none());
    let mut adopted = pin!(adopt(&fenced, &newer));
    assert!((&mut adopted).now_or_never().is_none(), "it is about to be gone");
    fenced.containers.let_through.add_permits(1);
    removed.await.unwrap();
    // The other one is too late by now.
    assert!(matches!(again.await, Err(ContainerError::Fenced)));
    let adopted = adopted.await;
    assert!(matches!(adopted, Err(ContainerError::Lost(_))), "{adopted:?}");
}

#[tokio::test]
async fn whoever_removes_does_so_whoever_is_attached_and_nothing_is_remembered() {
    let (fenced, request) = with_one_there();
    fenced.containers.containers.leave(request.name, Act::exits(0).held());
    let mut adopted = pin!(adopt(&fenced, &request));
    assert!((&mut adopted).now_or_never().is_none());
    fenced.containers.let_through.add_permits(2);
    fenced.remove(request.name, Some(request.fence)).await.unwrap();
    assert_eq!(fenced.list().await.unwrap(), []);
    fenced.containers.containers.release(&request.call.name);
    let _ = adopted.await;
    fenced.remove(request.name, None).await.unwrap();
    let older = fenced.remove(request.name, Some(request.fence - 1));
    fenced.containers.let_through.add_permits(1);
    older.await.unwrap();
}
