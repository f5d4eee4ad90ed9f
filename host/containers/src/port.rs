//! What the engine asks of a container runtime.

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream::BoxStream;
use simulay_model::{ContainerCall, ContainerName, Digest, Ending, Manifest, Omission, RelativePath};
use tokio_util::sync::CancellationToken;

use crate::{Admitted, Capacity, ContainerError};

/// Carries out container calls.
#[async_trait]
pub trait Containers: Send + Sync {
    /// Checks a call against the manifest and the operator's policy. Pure: asks nobody.
    fn admit(&self, call: &ContainerCall, manifest: &Manifest) -> Result<Admitted, ContainerError>;

    /// Makes sure that the container `name` works or has worked on `call`, and sees it through to
    /// its end. When the container is there already, from before the host was killed, it is adopted
    /// and never started again; with [`Begin::Adopt`], one that is not there is lost. On every way out but [`Completed`] and a kill of the host, the
    /// container is removed before this returns; after [`Completed`], by [`Containers::remove`],
    /// once the outcome is stored.
    async fn run(
        &self,
        name: ContainerName,
        call: &Admitted,
        exchange: &dyn Exchange,
        begin: Begin,
        cancel: CancellationToken,
    ) -> Result<Completed, ContainerError>;

    /// Removes the container, whatever it does, and returns once it is gone. No container is fine.
    async fn remove(&self, name: ContainerName) -> Result<(), ContainerError>;

    /// The containers of this instance that exist, running or not.
    async fn list(&self) -> Result<Vec<ContainerName>, ContainerError>;

    /// Asks the daemon whether it is there.
    async fn ping(&self) -> Result<(), ContainerError>;

    /// What the node has for containers; `None` when nobody can tell.
    async fn capacity(&self) -> Result<Option<Capacity>, ContainerError> {
        Ok(None)
    }

    /// The operator's images: logical name, image ID, and whether Docker has it.
    async fn images(&self) -> Result<Vec<RegisteredImage>, ContainerError>;
}

/// Whether a container may be started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Begin {
    /// It was not started before, and is when it is not there.
    Start,
    /// It may have been started before.
    Adopt,
}

/// What goes in and out of a container while it works, kept by the caller.
#[async_trait]
pub trait Exchange: Send + Sync {
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// A command that ran to an end and handed back what it left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completed {
    /// How it ended, confirmed by the daemon.
    pub ending: Ending,
    /// Wall time of the command, milliseconds.
    pub wall_ms: u64,
    /// Processor time, milliseconds; none when nobody can tell.
    pub cpu_ms: Option<u64>,
    /// The most memory in use at one moment, bytes; none when nobody can tell.
    pub peak_memory_bytes: Option<u64>,
    /// What was not kept of what it left.
    pub omitted: Omitted,
}

impl Completed {
    /// An end of which no more is known.
    #[must_use]
    pub fn new(ending: Ending, wall_ms: u64) -> Self {
        Self { ending, wall_ms, cpu_ms: None, peak_memory_bytes: None, omitted: Omitted::default() }
    }
}

/// What was asked for and not kept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Omitted {
    /// Files, by path.
    pub files: Vec<Omission>,
    /// How many more files.
    pub more_files: u64,
    /// Bytes in the middle of standard output.
    pub stdout: u64,
    /// Bytes in the middle of standard error.
    pub stderr: u64,
}

/// An image of the operator's list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegisteredImage {
    /// Logical name.
    pub name: String,
    /// `sha256:` and 64 hexadecimal digits.
    pub id: String,
    /// Docker has it.
    pub present: bool,
    /// Bytes, when present.
    pub size: Option<u64>,
    /// The `simulay-init` in it, as its registration noted.
    pub init: Option<Digest>,
}
