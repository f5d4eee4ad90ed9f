//! The port of logs between processes.

mod local;

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream::BoxStream;
use simulay_model::ContainerName;

pub use local::LocalRelay;

/// One of the streams of a container.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StreamName {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// Which log it is: another attempt at a call has another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LogName {
    /// The container that says it.
    pub container: ContainerName,
    /// By which of its streams.
    pub stream: StreamName,
}

/// A log of a container at work, for whoever relays it.
#[async_trait]
pub trait LogSource: Send + Sync {
    /// A part of what is said, from byte `from` on; waits while there is none.
    async fn after(&self, from: u64) -> Bytes;

    /// Returns once nothing more is said here.
    async fn ended(&self);

    /// How many bytes were said by now.
    fn length(&self) -> u64;
}

/// Carries what containers at work say to other processes, as far as it can. Nothing of it can fail: what does not
/// come through is read from what is kept when the call has ended.
#[async_trait]
pub trait LogRelay: Send + Sync {
    /// Tells a log until `source` has ended. Never waits: the relay asks the source when it has time and room, and
    /// from the start again when what it told is lost.
    fn tell(&self, log: LogName, source: Arc<dyn LogSource>);

    /// What is told from byte `from` on, without a gap, as far as it comes. Whoever follows learns of the end elsewhere.
    fn follow(&self, log: LogName, from: u64) -> BoxStream<'static, Bytes>;

    /// How many bytes are told by now, as far as that is known at once: who wants the last of them begins there.
    async fn told(&self, log: LogName) -> u64;
}
