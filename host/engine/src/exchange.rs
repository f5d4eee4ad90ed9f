//! What goes in and out of the container of one call, to and from the store.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream::BoxStream;
use parking_lot::Mutex;
use simulay_blobs::{BlobError, BlobWriter, Blobs};
use simulay_containers::{Completed, Exchange, ImageId, OutputSink, Stream};
use simulay_model::{Artifact, ContainerResult, Digest, RelativePath};

use crate::logs::{AttemptLogs, LiveLog};

type Outputs = Arc<Mutex<BTreeMap<RelativePath, Artifact>>>;

/// The exchange of one attempt at a call.
pub(crate) struct CallExchange {
    blobs: Arc<dyn Blobs>,
    /// Artifacts the call may take in, with their sizes.
    known: Arc<HashMap<Digest, u64>>,
    stdout: Arc<LiveLog>,
    stderr: Arc<LiveLog>,
    outputs: Outputs,
}

impl CallExchange {
    pub(crate) fn new(
        blobs: Arc<dyn Blobs>,
        known: Arc<HashMap<Digest, u64>>,
        AttemptLogs { stdout, stderr, .. }: &AttemptLogs,
    ) -> Self {
        let (stdout, stderr) = (stdout.clone(), stderr.clone());
        Self { blobs, known, stdout, stderr, outputs: Outputs::default() }
    }

    /// Stores the streams and puts the result of the call together; `excerpt` bytes of the head
    /// and of the tail of each stream are shown to the plugin.
    pub(crate) async fn result(
        &self,
        name: &str,
        completed: Completed,
        excerpt: usize,
    ) -> Result<ContainerResult, BlobError> {
        let (stdout, stderr) = (self.stdout.snapshot(), self.stderr.snapshot());
        let outputs = self.outputs.lock().values().cloned().collect();
        Ok(ContainerResult {
            name: name.to_owned(),
            ending: completed.ending,
            stdout: head_and_tail(&stdout, excerpt),
            stderr: head_and_tail(&stderr, excerpt),
            outputs,
            left_out: completed.omitted.files,
            left_out_more: completed.omitted.more_files,
            stdout_omitted: completed.omitted.stdout,
            stderr_omitted: completed.omitted.stderr,
            cpu_ms: completed.cpu_ms,
            peak_memory_bytes: completed.peak_memory_bytes,
            stdout_log: self.keep_log("stdout.log", stdout).await?,
            stderr_log: self.keep_log("stderr.log", stderr).await?,
            wall_ms: completed.wall_ms,
            isolation: completed.isolation,
            image: completed.image.map(ImageId::digest),
            reused: false,
            reused_from: None,
        })
    }

    async fn keep_log(&self, name: &str, bytes: Vec<u8>) -> Result<Option<Artifact>, BlobError> {
        let Ok(path) = RelativePath::new(name) else { return Ok(None) };
        if bytes.is_empty() {
            return Ok(None);
        }
        let (sha256, size) = put(&*self.blobs, bytes.into()).await?;
        Ok(Some(Artifact { path, size, sha256, media_type: "text/plain".to_owned() }))
    }
}

/// Stores `bytes` as a blob.
pub(crate) async fn put(blobs: &dyn Blobs, bytes: Bytes) -> Result<(Digest, u64), BlobError> {
    let mut writer = blobs.create().await?;
    writer.write(bytes).await?;
    writer.finish().await
}

#[async_trait]
impl Exchange for CallExchange {
    async fn open(&self, artifact: Digest) -> io::Result<(u64, BoxStream<'static, io::Result<Bytes>>)> {
        let size = self.known.get(&artifact).ok_or(io::ErrorKind::NotFound)?;
        let content = self.blobs.read(artifact, None).await.map_err(as_io)?;
        Ok((*size, content.map(|piece| piece.map_err(as_io)).boxed()))
    }

    async fn stream(&self, stream: Stream, offset: u64, bytes: Bytes) -> io::Result<()> {
        match stream {
            Stream::Stdout => self.stdout.write(offset, &bytes),
            Stream::Stderr => self.stderr.write(offset, &bytes),
        }
        Ok(())
    }

    async fn output(&self, path: RelativePath, _size: u64) -> io::Result<Box<dyn OutputSink>> {
        let writer = self.blobs.create().await.map_err(as_io)?;
        Ok(Box::new(BlobSink { writer, path, outputs: self.outputs.clone() }))
    }
}

/// One output on its way into the store.
struct BlobSink {
    writer: Box<dyn BlobWriter>,
    path: RelativePath,
    outputs: Outputs,
}

#[async_trait]
impl OutputSink for BlobSink {
    async fn write(&mut self, bytes: Bytes) -> io::Result<()> {
        self.writer.write(bytes).await.map_err(as_io)
    }

    async fn finish(self: Box<Self>) -> io::Result<()> {
        let (sha256, size) = self.writer.finish().await.map_err(as_io)?;
        let media_type = Artifact::media_type_of(self.path.file_name()).to_owned();
        let artifact = Artifact { path: self.path.clone(), size, sha256, media_type };
        // A file told again after a lost attachment takes its own place.
        self.outputs.lock().insert(self.path, artifact);
        Ok(())
    }
}

/// An error of blobs as the port's I/O error; a full disk stays recognisable.
pub(crate) fn as_io(error: BlobError) -> io::Error {
    let kind = match error {
        BlobError::NotFound => io::ErrorKind::NotFound,
        BlobError::Full | BlobError::Unwritable(_) => io::ErrorKind::StorageFull,
        BlobError::Corrupt(_) => io::ErrorKind::InvalidData,
        BlobError::Unavailable(_) | BlobError::Failed(_) => io::ErrorKind::Other,
    };
    io::Error::new(kind, error)
}

/// At most `part` bytes from either end of `bytes`, as lossy UTF-8, with a mark where bytes are left out.
fn head_and_tail(bytes: &[u8], part: usize) -> String {
    let left_out = bytes.len().saturating_sub(2 * part);
    if left_out == 0 {
        return String::from_utf8_lossy(bytes).into_owned();
    }
    let (head, rest) = bytes.split_at(part.min(bytes.len()));
    let tail = rest.get(left_out..).unwrap_or_default();
    let (head, tail) = (String::from_utf8_lossy(head), String::from_utf8_lossy(tail));
    format!("{head}\n[… {left_out} bytes left out …]\n{tail}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_streams_lose_their_middle_only() {
        assert_eq!(head_and_tail(b"abcdef", 3), "abcdef");
        assert_eq!(head_and_tail(b"abcXXdef", 3), "abc\n[… 2 bytes left out …]\ndef");
    }
}
