//! Who takes slowly is given slowly: nothing piles up between.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream::{self, BoxStream, StreamExt as _};
use simulay_containers::conformance::calls;
use simulay_containers::scripted::Scripted;
use simulay_containers::{
    Completed, ContainerError, Exchange, Execution, ExecutionRequest, Inventory, NodeStatus, OutputSink,
    RegisteredImage, Stream,
};
use simulay_model::{ContainerName, Digest, Ending, RelativePath};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::rig::{Rig, scripted};

const PIECE: usize = 256 << 10;
const PIECES: usize = 256;
/// Far less than there is to give.
const MOST: usize = 40;
/// Who does not stop by then has no reason to.
const LONG: Duration = Duration::from_secs(2);

/// Counts what one side gave, while the other takes nothing until it may.
#[derive(Default)]
struct Scales {
    given: AtomicUsize,
    may_take: Notify,
}

impl Scales {
    fn give(&self) {
        self.given.fetch_add(1, Ordering::SeqCst);
    }

    fn given(&self) -> usize {
        self.given.load(Ordering::SeqCst)
    }

    /// How much was given to whoever takes nothing; then lets it take.
    async fn weigh(&self) -> usize {
        tokio::time::sleep(LONG).await;
        let given = self.given();
        self.may_take.notify_one();
        given
    }
}

/// A container that takes in an artifact when it may, then leaves a file as fast as it is taken.
struct Flood {
    inputs: Arc<Scales>,
    outputs: Arc<Scales>,
    containers: Scripted,
}

#[async_trait]
impl Execution for Flood {
    async fn run(
        &self,
        _: ExecutionRequest,
        exchange: &dyn Exchange,
        _: CancellationToken,
    ) -> Result<Completed, ContainerError> {
        let (size, mut content) = exchange.open(Digest::of(b"x")).await.map_err(ContainerError::Exchange)?;
        self.inputs.may_take.notified().await;
        let mut taken = 0;
        while let Some(bytes) = content.next().await {
            taken += bytes.map_err(ContainerError::Exchange)?.len();
        }
        assert_eq!((taken, size), (PIECE * PIECES, (PIECE * PIECES) as u64));
        let path = RelativePath::new("out").unwrap();
        let mut output = exchange.output(path, size).await.map_err(ContainerError::Exchange)?;
        for _ in 0..PIECES {
            output.write(vec![0; PIECE].into()).await.map_err(ContainerError::Exchange)?;
            self.outputs.give();
        }
        output.finish().await.map_err(ContainerError::Exchange)?;
        Ok(Completed::new(Ending::Exited(0), 1))
    }

    async fn remove(&self, _: ContainerName, _: Option<u64>) -> Result<(), ContainerError> {
        Ok(())
    }

    async fn close(&self) {}
}

#[async_trait]
impl Inventory for Flood {
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

/// A disk that writes when it may.
struct SlowDisk {
    inputs: Arc<Scales>,
    outputs: Arc<Scales>,
}

#[async_trait]
impl Exchange for SlowDisk {
    async fn open(&self, _: Digest) -> io::Result<(u64, BoxStream<'static, io::Result<Bytes>>)> {
        let inputs = self.inputs.clone();
        let piece = move |_| {
            inputs.give();
            Ok(Bytes::from(vec![0; PIECE]))
        };
        Ok(((PIECE * PIECES) as u64, stream::iter((0..PIECES).map(piece)).boxed()))
    }

    async fn stream(&self, _: Stream, _: u64, _: Bytes) -> io::Result<()> {
        Ok(())
    }

    async fn output(&self, _: RelativePath, _: u64) -> io::Result<Box<dyn OutputSink>> {
        Ok(Box::new(SlowSink { outputs: Some(self.outputs.clone()), taken: 0 }))
    }
}

struct SlowSink {
    /// Until it may take.
    outputs: Option<Arc<Scales>>,
    taken: usize,
}

#[async_trait]
impl OutputSink for SlowSink {
    async fn write(&mut self, bytes: Bytes) -> io::Result<()> {
        if let Some(outputs) = self.outputs.take() {
            outputs.may_take.notified().await;
        }
        self.taken += bytes.len();
        Ok(())
    }

    async fn finish(self: Box<Self>) -> io::Result<()> {
        assert_eq!(self.taken, PIECE * PIECES);
        Ok(())
    }
}

#[tokio::test]
async fn neither_inputs_nor_outputs_pile_up() {
    let (inputs, outputs) = (Arc::<Scales>::default(), Arc::<Scales>::default());
    let containers = scripted();
    let flood = Flood { inputs: inputs.clone(), outputs: outputs.clone(), containers: containers.clone() };
    let rig = Rig::serving(Arc::new(flood), containers);
    let disk = SlowDisk { inputs: inputs.clone(), outputs: outputs.clone() };
    let (runner, request) = (rig.runner(), calls::request(calls::failing()));
    let (ended, ()) = tokio::join!(runner.run(request, &disk, CancellationToken::new()), async {
        let given = inputs.weigh().await;
        assert!((1..MOST).contains(&given), "{given} pieces of inputs");
        while outputs.given() == 0 {
            tokio::task::yield_now().await;
        }
        let given = outputs.weigh().await;
        assert!((1..MOST).contains(&given), "{given} pieces of outputs");
        // Others are served meanwhile.
        rig.runner().ping().await.unwrap();
    });
    assert_eq!(ended.unwrap().ending, Ending::Exited(0));
    assert_eq!((inputs.given(), outputs.given()), (PIECES, PIECES));
}
