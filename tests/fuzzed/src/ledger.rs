//! Keeps what init hands back, and knows what it must not be.

use std::collections::HashSet;
use std::io;
use std::sync::{Arc, LazyLock, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream::BoxStream;
use simulay_containers::{Admitted, Exchange, Limits, OutputSink, Policy, Stream};
use simulay_model::{ContainerCall, Digest, Manifest, OnFailure, RelativePath};

use crate::seeds;

const STREAM_BYTES: u64 = 64;
const OUTPUT_BYTES: u64 = 300;
const OUTPUTS: u32 = 4;

/// A call with narrow bounds.
pub(crate) static CALL: LazyLock<Admitted> = LazyLock::new(|| {
    let manifest: Manifest = serde_json::from_str(seeds::MANIFESTS.first().unwrap()).unwrap();
    let image = manifest.images.first().unwrap().name.clone();
    let limits = Limits {
        max_stream_bytes: STREAM_BYTES,
        max_output_bytes: OUTPUT_BYTES,
        max_outputs: OUTPUTS,
        ..Limits::default()
    };
    let id = format!("sha256:{}", "0".repeat(64)).parse().unwrap();
    let policy = Policy { images: [(image.clone(), id)].into(), limits };
    let call = ContainerCall {
        name: "fuzzed".to_owned(),
        image,
        command: vec!["true".to_owned()],
        env: Vec::new(),
        files: Vec::new(),
        outputs: vec!["**".to_owned()],
        resources: manifest.max_resources,
        on_failure: OnFailure::FailRun,
        deterministic: true,
    };
    policy.admit(&call, &manifest).unwrap()
});

/// What was kept.
#[derive(Default)]
pub(crate) struct Ledger {
    streams: Mutex<u64>,
    files: Arc<Mutex<Vec<(String, u64)>>>,
}

impl Ledger {
    /// Panics when more was kept than the call may leave.
    pub(crate) fn assert_bounds(&self) {
        assert!(*self.streams.lock().unwrap() <= 2 * STREAM_BYTES);
        let files = self.files.lock().unwrap();
        assert!(files.len() as u64 <= u64::from(OUTPUTS));
        assert!(files.iter().map(|(_, size)| size).sum::<u64>() <= OUTPUT_BYTES);
        let names: HashSet<String> = files.iter().map(|(path, _)| path.to_lowercase()).collect();
        assert_eq!(names.len(), files.len());
    }
}

#[async_trait]
impl Exchange for Ledger {
    async fn open(&self, _: Digest) -> io::Result<(u64, BoxStream<'static, io::Result<Bytes>>)> {
        Err(io::ErrorKind::NotFound.into())
    }

    async fn stream(&self, _: Stream, _: u64, bytes: Bytes) -> io::Result<()> {
        *self.streams.lock().unwrap() += bytes.len() as u64;
        Ok(())
    }

    async fn output(&self, path: RelativePath, size: u64) -> io::Result<Box<dyn OutputSink>> {
        Ok(Box::new(Sink { path: path.to_string(), size, taken: 0, files: self.files.clone() }))
    }
}

struct Sink {
    path: String,
    size: u64,
    taken: u64,
    files: Arc<Mutex<Vec<(String, u64)>>>,
}

#[async_trait]
impl OutputSink for Sink {
    async fn write(&mut self, bytes: Bytes) -> io::Result<()> {
        self.taken += bytes.len() as u64;
        Ok(())
    }

    async fn finish(self: Box<Self>) -> io::Result<()> {
        assert_eq!(self.taken, self.size);
        self.files.lock().unwrap().push((self.path, self.size));
        Ok(())
    }
}
