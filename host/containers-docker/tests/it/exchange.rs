//! What goes in and out, kept in memory; outputs as size and digest only.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream::{self, BoxStream, StreamExt as _};
use simulay_containers::{Exchange, OutputSink, Stream};
use simulay_model::{Digest, Hasher, RelativePath};
use tokio::sync::watch;

pub(crate) type Outputs = BTreeMap<String, (u64, Digest)>;

pub(crate) struct Memory {
    artifacts: HashMap<Digest, Bytes>,
    stdout: watch::Sender<Vec<u8>>,
    stderr: watch::Sender<Vec<u8>>,
    outputs: Arc<Mutex<Outputs>>,
}

impl Memory {
    pub(crate) fn new() -> Self {
        Self {
            artifacts: HashMap::new(),
            stdout: watch::Sender::default(),
            stderr: watch::Sender::default(),
            outputs: Arc::default(),
        }
    }

    pub(crate) fn with(artifact: impl Into<Bytes>) -> (Self, Digest) {
        let bytes = artifact.into();
        let digest = Digest::of(&bytes);
        (Self { artifacts: HashMap::from([(digest, bytes)]), ..Self::new() }, digest)
    }

    pub(crate) fn stdout(&self) -> String {
        String::from_utf8_lossy(&self.stdout.borrow()).into_owned()
    }

    pub(crate) fn stderr(&self) -> String {
        String::from_utf8_lossy(&self.stderr.borrow()).into_owned()
    }

    pub(crate) fn outputs(&self) -> Outputs {
        self.outputs.lock().unwrap().clone()
    }

    /// Returns once the command has printed `text`.
    pub(crate) async fn printed(&self, text: &str) {
        let has = |bytes: &Vec<u8>| String::from_utf8_lossy(bytes).contains(text);
        self.stdout.subscribe().wait_for(has).await.unwrap();
    }
}

#[async_trait]
impl Exchange for Memory {
    async fn open(&self, artifact: Digest) -> io::Result<(u64, BoxStream<'static, io::Result<Bytes>>)> {
        let bytes = self.artifacts.get(&artifact).ok_or(io::ErrorKind::NotFound)?.clone();
        let pieces: Vec<_> = bytes.chunks(100_000).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
        Ok((bytes.len() as u64, stream::iter(pieces).boxed()))
    }

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

    async fn finish(self: Box<Self>) -> io::Result<()> {
        assert_eq!(self.taken, self.size);
        self.outputs.lock().unwrap().insert(self.path, (self.size, self.hasher.finish()));
        Ok(())
    }
}
