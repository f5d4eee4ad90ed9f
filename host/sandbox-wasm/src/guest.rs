//! What belongs to one call: its instance's memory, log, artifacts and a world without surprises.

use std::io::ErrorKind;
use std::sync::Arc;

use simulay_model::{Chain, Digest, LogLevel};
use simulay_sandbox::{ReadArtifacts, SandboxSettings};
use wasmtime::Result;
use wasmtime::component::ResourceTable;
use wasmtime_wasi::WasiCtx;
use wasmtime_wasi::p2::pipe::MemoryInputPipe;

use crate::bindings::simulay::plugin::{artifacts, log};
use crate::limits::Memory;
use crate::messages::Messages;
use crate::stdio::{Lines, Stream};
use crate::termination::Termination;

/// Open handles of a call: streams and pollables.
const MAX_RESOURCES: usize = 1_000;
/// Reads of artifacts in one call; each is a file operation of the host.
const MAX_READS: u32 = 10_000;

/// The data of a store.
pub(crate) struct Guest {
    pub(crate) memory: Memory,
    pub(crate) table: ResourceTable,
    pub(crate) wasi: WasiCtx,
    /// Nanoseconds since the call began, as the plugin sees them.
    pub(crate) now: u64,
    /// State of the random numbers.
    pub(crate) random: u64,
    messages: Messages,
    streams: [Lines; 2],
    reads: Reads,
}

struct Reads {
    artifacts: Arc<dyn ReadArtifacts>,
    limit: u64,
    bytes_left: u64,
    count_left: u32,
}

impl Guest {
    /// A guest whose random numbers follow from `seed`.
    pub(crate) fn new(settings: &SandboxSettings, seed: u64, artifacts: Arc<dyn ReadArtifacts>) -> Self {
        let messages = Messages::default();
        let streams = [Stream::Out, Stream::Error].map(|stream| Lines::new(stream, messages.clone()));
        let mut table = ResourceTable::new();
        table.set_max_capacity(MAX_RESOURCES);
        Self {
            memory: Memory::new(settings.memory_bytes, settings.table_elements),
            table,
            wasi: wasi(&streams),
            now: 0,
            random: seed,
            messages,
            streams,
            reads: Reads {
                artifacts,
                limit: settings.read_bytes,
                bytes_left: settings.read_total_bytes,
                count_left: MAX_READS,
            },
        }
    }

    /// Ends the log and takes it.
    pub(crate) fn take_messages(&self) -> Vec<(LogLevel, String)> {
        self.streams.iter().for_each(Lines::finish);
        self.messages.take()
    }

    /// The last lines of standard error that say anything, e.g. of a panic.
    pub(crate) fn last_words(&self) -> String {
        self.streams.iter().for_each(Lines::finish);
        self.messages.last_words()
    }
}

/// No arguments, no environment, no directories, no sockets; standard input is empty.
fn wasi([out, error]: &[Lines; 2]) -> WasiCtx {
    let mut builder = WasiCtx::builder();
    builder.stdin(MemoryInputPipe::new(bytes::Bytes::new())).stdout(out.clone()).stderr(error.clone());
    builder.build()
}

impl log::Host for Guest {
    fn write(&mut self, level: log::Level, message: String) -> Result<()> {
        let level = match level {
            log::Level::Debug => LogLevel::Debug,
            log::Level::Info => LogLevel::Info,
            log::Level::Warn => LogLevel::Warn,
            log::Level::Error => LogLevel::Error,
        };
        self.messages.write(level, &message);
        Ok(())
    }
}

impl artifacts::Host for Guest {
    fn read(
        &mut self,
        sha256: String,
        offset: u64,
        length: u64,
    ) -> Result<Result<Vec<u8>, artifacts::ReadError>> {
        if length > self.reads.limit {
            return Ok(Err(artifacts::ReadError::TooLong(self.reads.limit)));
        }
        let Ok(digest) = sha256.parse() else { return Ok(Err(artifacts::ReadError::NotFound)) };
        Ok(self.reads.read(digest, offset, length)?)
    }
}

impl Reads {
    fn read(
        &mut self,
        digest: Digest,
        offset: u64,
        length: u64,
    ) -> Result<Result<Vec<u8>, artifacts::ReadError>, Termination> {
        let too_much = |what: &str| Termination::Hostcall(format!("it read too {what} of its artifacts"));
        self.count_left = self.count_left.checked_sub(1).ok_or_else(|| too_much("often"))?;
        // Counted before the read: what is asked for is what the host may have to hold.
        self.bytes_left = self.bytes_left.checked_sub(length).ok_or_else(|| too_much("much"))?;
        match self.artifacts.read(digest, offset, length) {
            Ok(mut bytes) => {
                bytes.truncate(usize::try_from(length).unwrap_or(usize::MAX));
                let unused = length.saturating_sub(bytes.len() as u64);
                self.bytes_left += unused;
                Ok(Ok(bytes))
            }
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Err(artifacts::ReadError::NotFound)),
            Err(error) => {
                Err(Termination::Host(format!("artifact {digest} cannot be read: {}", Chain(&error))))
            }
        }
    }
}
