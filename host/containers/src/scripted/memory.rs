//! An exchange that keeps what goes in and out in memory; outputs as size and digest only.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream::{self, BoxStream, StreamExt as _};
use parking_lot::{Mutex, MutexGuard};
use simulay_model::{Digest, Hasher, RelativePath};
use tokio::sync::watch;

use crate::{Exchange, OutputSink, Stream};

/// Size and digest of each output, by its path.
pub type Outputs = BTreeMap<String, (u64, Digest)>;

/// Keeps what a command printed, and what it left.
#[derive(Default)]
pub struct Memory {
    artifacts: HashMap<Digest, Bytes>,
    stdout: watch::Sender<Vec<u8>>,
    stderr: watch::Sender<Vec<u8>>,
    outputs: Arc<Mutex<Outputs>>,
}

impl Memory {
    /// Without artifacts.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// With one artifact, and its address.
    #[must_use]
    pub fn with(artifact: impl Into<Bytes>) -> (Self, Digest) {
        let bytes = artifact.into();
        let digest = Digest::of(&bytes);
        (Self { artifacts: HashMap::from([(digest, bytes)]), ..Self::new() }, digest)
    }

    /// What was printed so far.
    #[must_use]
    pub fn stdout(&self) -> String {
        String::from_utf8_lossy(&self.stdout.borrow()).into_owned()
    }

    /// What was said on standard error so far.
    #[must_use]
    pub fn stderr(&self) -> String {
        String::from_utf8_lossy(&self.stderr.borrow()).into_owned()
    }

    /// The outputs that are whole.
    #[must_use]
    pub fn outputs(&self) -> Outputs {
        lock(&self.outputs).clone()
    }

    /// Returns once the command has printed `text`.
    pub async fn printed(&self, text: &str) {
        let has = |bytes: &Vec<u8>| String::from_utf8_lossy(bytes).contains(text);
        // The sender lives as long as we do.
        let _ = self.stdout.subscribe().wait_for(has).await;
    }
}

#[async_trait]
impl Exchange for Memory {
    async fn open(&self, artifact: Digest) -> io::Result<(u64, BoxStream<'static, io::Result<Bytes>>)> {
        let bytes = self.artifacts.get(&artifact).ok_or(io::ErrorKind::NotFound)?.clone();
        let pieces: Vec<_> = bytes.chunks(100_000).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
        Ok((bytes.len() as u64, stream::iter(pieces).boxed()))
    }

    /// Panics when bytes are missing in between.
    async fn stream(&self, stream: Stream, offset: u64, bytes: Bytes) -> io::Result<()> {
        let kept = match stream {
            Stream::Stdout => &self.stdout,
            Stream::Stderr => &self.stderr,
        };
        kept.send_modify(|kept| {
            if offset == 0 {
                kept.clear();
            }
            assert_eq!(kept.len() as u64, offset);
            kept.extend_from_slice(&bytes);
        });
        Ok(())
    }

    async fn output(&self, path: RelativePath, size: u64) -> io::Result<Box<dyn OutputSink>> {
        let (path, outputs) = (path.to_string(), self.outputs.clone());
        Ok(Box::new(Sink { path, size, taken: 0, hasher: Hasher::default(), outputs }))
    }
}

fn lock(outputs: &Mutex<Outputs>) -> MutexGuard<'_, Outputs> {
    outputs.lock()
}

struct Sink {
    path: String,
    size: u64,
    taken: u64,
    hasher: Hasher,
    outputs: Arc<Mutex<Outputs>>,
}

#[async_trait]
impl OutputSink for Sink {
    async fn write(&mut self, bytes: Bytes) -> io::Result<()> {
        self.taken += bytes.len() as u64;
        self.hasher.update(&bytes);
        Ok(())
    }

    /// Panics when the output has another size than was said.
    async fn finish(self: Box<Self>) -> io::Result<()> {
        assert_eq!(self.taken, self.size);
        lock(&self.outputs).insert(self.path, (self.size, self.hasher.finish()));
        Ok(())
    }
}
