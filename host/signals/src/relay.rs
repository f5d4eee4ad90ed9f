//! The port of logs between processes.

mod local;

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

/// A part of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogPiece {
    /// Where it begins, in bytes from the start of the log.
    pub offset: u64,
    /// What was said.
    pub bytes: Bytes,
}

/// Carries what containers at work say to other processes, as far as it can. Nothing of it can fail: what does not
/// come through is read from what is kept when the call has ended.
pub trait LogRelay: Send + Sync {
    /// Tells what was said. Never waits; what there is no room for is dropped.
    fn publish(&self, log: LogName, piece: LogPiece);

    /// Nothing more is said: what was told may be forgotten.
    fn end(&self, log: LogName);

    /// What was told so far, as far as it is still there, and what comes. Pieces that were dropped are left out, and
    /// those told twice may come twice. Ends when no more can be told, be it that the log ended or that the relay lost it.
    fn follow(&self, log: LogName) -> BoxStream<'static, LogPiece>;
}
