//! Calls that do not begin, though a container was taken for them.

use std::io;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream::BoxStream;
use simulay_containers::scripted::Memory;
use simulay_containers::{
    Begin, ContainerError, Exchange, Execution as _, Inventory as _, OutputSink, Stream,
};
use simulay_model::{Digest, Ending, RelativePath, RunId};
use tokio_util::sync::CancellationToken;

use crate::adoption::waiting;
use crate::pool::{Host, gone};
use crate::rig::shell;

/// Of a call that is not to begin after all.
struct Unplaced(Memory);

#[async_trait]
impl Exchange for Unplaced {
    async fn placed(&self) -> io::Result<()> {
        Err(io::Error::other("an equal call was made"))
    }

    async fn open(&self, artifact: Digest) -> io::Result<(u64, BoxStream<'static, io::Result<Bytes>>)> {
        self.0.open(artifact).await
    }

    async fn stream(&self, stream: Stream, offset: u64, bytes: Bytes) -> io::Result<()> {
        self.0.stream(stream, offset, bytes).await
    }

    async fn output(&self, path: RelativePath, size: u64) -> io::Result<Box<dyn OutputSink>> {
        self.0.output(path, size).await
    }
}

#[tokio::test]
async fn one_that_was_taken_for_a_call_which_does_not_begin_waits_again() {
    let mut host = Host::warm(&shell("true")).await;
    let waited = host.one_waits().await;
    host.rig.name.run = RunId::generate();
    let exchange = Unplaced(Memory::new());
    let request = host.rig.request(&waiting(), Begin::Start);
    let refused = host.rig.containers.run(request, &exchange, CancellationToken::new()).await;
    assert!(matches!(refused, Err(ContainerError::Exchange(_))), "{refused:?}");
    assert!(host.rig.containers.list().await.unwrap().is_empty(), "the attempt has none");
    assert_eq!(host.one_waits().await, waited);
    assert_eq!(host.complete(&shell("true")).await.0, Ending::Exited(0));
    gone(&waited).await;
}
