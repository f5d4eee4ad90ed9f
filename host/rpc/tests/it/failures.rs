//! What goes wrong on the side that asks.

use std::io::{self, ErrorKind};

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream::BoxStream;
use simulay_containers::conformance::calls;
use simulay_containers::scripted::{Act, Memory};
use simulay_containers::{ContainerError, Exchange, Execution as _, OutputSink, Stream};
use simulay_model::{ContainerCall, Digest, RelativePath};
use tokio_util::sync::CancellationToken;

use crate::proxy::Proxy;
use crate::rig::Rig;

/// A disk without room for one thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum FullDisk {
    Streams,
    Outputs,
    Bytes,
    Ends,
}

fn kept(room: bool) -> io::Result<()> {
    if room { Ok(()) } else { Err(ErrorKind::StorageFull.into()) }
}

#[async_trait]
impl Exchange for FullDisk {
    async fn open(&self, _: Digest) -> io::Result<(u64, BoxStream<'static, io::Result<Bytes>>)> {
        Err(ErrorKind::NotFound.into())
    }

    async fn stream(&self, _: Stream, _: u64, _: Bytes) -> io::Result<()> {
        kept(*self != Self::Streams)
    }

    async fn output(&self, _: RelativePath, _: u64) -> io::Result<Box<dyn OutputSink>> {
        kept(*self != Self::Outputs)?;
        Ok(Box::new(*self))
    }
}

#[async_trait]
impl OutputSink for FullDisk {
    async fn write(&mut self, _: Bytes) -> io::Result<()> {
        kept(*self != Self::Bytes)
    }

    async fn finish(self: Box<Self>) -> io::Result<()> {
        kept(*self != Self::Ends)
    }
}

fn kind(ended: Result<simulay_containers::Completed, ContainerError>) -> ErrorKind {
    match ended {
        Err(ContainerError::Exchange(error)) => error.kind(),
        ended => panic!("{ended:?}"),
    }
}

#[tokio::test]
async fn a_full_disk_is_told_as_such_and_no_container_left() {
    let rig = Rig::new();
    for full in [FullDisk::Streams, FullDisk::Outputs, FullDisk::Bytes, FullDisk::Ends] {
        let call = ContainerCall { name: format!("{full:?}").to_lowercase(), ..calls::failing() };
        // Once it has printed, it would never end by itself.
        let act = if full == FullDisk::Streams { Act::exits(0).held() } else { Act::exits(0) };
        rig.containers.on(&call.name, act.stdout("text").output("out", "bytes"));
        let ended = rig.runner().run(calls::request(call), &full, CancellationToken::new()).await;
        assert_eq!(kind(ended), ErrorKind::StorageFull, "{full:?}");
        assert_eq!(rig.containers.present(), [], "{full:?}");
    }
}

#[tokio::test]
async fn an_artifact_that_is_missing_is_told_as_such() {
    let rig = Rig::new();
    let request = calls::request(calls::copying());
    let ended = rig.runner().run(request, &Memory::new(), CancellationToken::new()).await;
    assert_eq!(kind(ended), ErrorKind::NotFound);
    assert_eq!(rig.containers.present(), []);
}

#[tokio::test]
async fn a_call_that_is_cancelled_without_a_connection_leaves_no_container() {
    let rig = Rig::new();
    let proxy = Proxy::before(rig.node.address).await;
    let (memory, cancel) = (Memory::new(), CancellationToken::new());
    let (runner, request) = (rig.runner_at(proxy.address), calls::request(calls::waiting("cancelled")));
    let (ended, ()) = tokio::join!(runner.run(request, &memory, cancel.clone()), async {
        memory.printed("\n").await;
        proxy.lose_all();
        cancel.cancel();
    });
    assert!(matches!(ended, Err(ContainerError::Cancelled)), "{ended:?}");
    assert_eq!(rig.containers.present(), []);
}
