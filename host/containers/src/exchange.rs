//! The bytes that go in and out of a container while it works.

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream::BoxStream;
use serde::{Deserialize, Serialize};
use simulay_model::{Digest, RelativePath};

/// What goes in and out of a container while it works, kept by the caller.
#[async_trait]
pub trait Exchange: Send + Sync {
    /// The call has its place, and may be started as soon as this returns; an error has nothing started. Told by who
    /// [places calls](crate::Execution::places_calls), perhaps more than once.
    async fn placed(&self) -> std::io::Result<()> {
        Ok(())
    }

    /// The call lost its place and waits for another; nothing of it was started.
    fn unplaced(&self) {}

    /// The bytes of an artifact of the run that a call's file names, with its size.
    async fn open(
        &self,
        artifact: Digest,
    ) -> std::io::Result<(u64, BoxStream<'static, std::io::Result<Bytes>>)>;

    /// Bytes of one of the command's streams, as it is kept: where its middle is missing, a line says so.
    /// `offset` 0 begins it anew: what was taken before came from an attachment that was lost.
    async fn stream(&self, stream: Stream, offset: u64, bytes: Bytes) -> std::io::Result<()>;

    /// A file the command left, `size` bytes; they follow, then [`OutputSink::finish`].
    async fn output(&self, path: RelativePath, size: u64) -> std::io::Result<Box<dyn OutputSink>>;
}

/// Takes the bytes of one output. Dropped without `finish`, it leaves nothing behind.
#[async_trait]
pub trait OutputSink: Send {
    /// The next bytes.
    async fn write(&mut self, bytes: Bytes) -> std::io::Result<()>;
    /// All bytes have come: makes them durable.
    async fn finish(self: Box<Self>) -> std::io::Result<()>;
}

/// The two streams of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}
