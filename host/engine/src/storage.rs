//! Room for what is stored: some is left for records, so that work can always be ended and let go of.

use std::fs::File;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use parking_lot::Mutex;
use simulay_blobs::{BlobError, BlobInventory, BlobStream, BlobWriter, Blobs};
use simulay_model::{Chain, Digest};
use simulay_store::{Space, StoreError};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::EngineError;

/// Bytes written between two looks at the room that is left.
pub(crate) const STRETCH: usize = 1 << 20;
/// How long the outputs of a container wait for room; less than a container holds them.
const LONGEST: Duration = Duration::from_secs(1800);
/// Between two looks of who waits for room.
const PAUSE: Duration = Duration::from_secs(1);

/// How long it is believed that there is room, when there is so much of it that nobody fills it meanwhile.
const BELIEVED: Duration = Duration::from_millis(100);
const PLENTY: u64 = 1 << 30;

/// How much room is left, and how much of it is not to be taken.
#[derive(Clone)]
pub(crate) struct FreeSpace {
    /// Where it is looked for; none where there is no bound.
    disks: Option<Disks>,
    floor: u64,
    /// When there was plenty.
    plenty: Arc<Mutex<Option<Instant>>>,
}

/// What must have room: records and blobs may lie apart.
#[derive(Clone)]
pub(crate) struct Disks {
    pub(crate) records: Arc<dyn Space>,
    pub(crate) blobs: Arc<dyn BlobInventory>,
}

impl Disks {
    /// Bytes that are free in both.
    async fn free(&self) -> Result<u64, EngineError> {
        let (records, blobs) = tokio::join!(self.records.free(), self.blobs.free());
        let records = records?;
        Ok(blobs?.map_or(records, |blobs| records.min(blobs)))
    }
}

impl FreeSpace {
    /// On these disks, of which `floor` bytes are left free.
    pub(crate) fn on(disks: Option<Disks>, floor: u64) -> Self {
        Self { disks, floor, plenty: Arc::default() }
    }

    /// Refuses when less than the floor would be free with `more` bytes, or nothing can be stored.
    pub(crate) async fn check(&self, more: usize) -> Result<(), EngineError> {
        let Some(disks) = &self.disks else { return Ok(()) };
        let (more, now) = (more as u64, Instant::now());
        let believed = |at: Instant| now.duration_since(at) < BELIEVED;
        if more < PLENTY && self.plenty.lock().is_some_and(believed) {
            return Ok(());
        }
        let (free, floor) = (disks.free().await?, self.floor);
        *self.plenty.lock() = (free >= floor.saturating_add(2 * PLENTY)).then_some(now);
        if free < floor.saturating_add(more) { Err(EngineError::Low { free, floor }) } else { Ok(()) }
    }

    /// Waits until there is room for `more` bytes; refuses once `stop` says so.
    pub(crate) async fn wait(&self, more: usize, stop: &CancellationToken) -> Result<(), EngineError> {
        let mut told = false;
        loop {
            let Err(error) = self.check(more).await else { return Ok(()) };
            if stop.is_cancelled() {
                return Err(error);
            }
            if !told {
                tracing::warn!(error = %Chain(&error), "work at hand waits for room");
                told = true;
            }
            tokio::select! {
                biased;
                () = stop.cancelled() => {}
                () = tokio::time::sleep(PAUSE) => {}
            }
        }
    }
}

/// Blobs of work at hand, which waits for room; given up once `stop` says so.
pub(crate) struct ThrottledBlobs {
    pub(crate) blobs: Arc<dyn Blobs>,
    pub(crate) room: FreeSpace,
    pub(crate) stop: CancellationToken,
}

#[async_trait]
impl Blobs for ThrottledBlobs {
    async fn scratch(&self) -> Result<File, BlobError> {
        self.blobs.scratch().await
    }

    async fn create(&self) -> Result<Box<dyn BlobWriter>, BlobError> {
        self.room.wait(0, &self.stop).await.map_err(no_room)?;
        let writer = self.blobs.create().await?;
        let (room, stop) = (self.room.clone(), self.stop.clone());
        Ok(Box::new(ThrottledWriter { writer, room, stop, unseen: 0 }))
    }

    async fn size(&self, blob: Digest) -> Result<Option<u64>, BlobError> {
        self.blobs.size(blob).await
    }

    async fn keep(&self, blob: Digest) -> Result<Option<u64>, BlobError> {
        self.blobs.keep(blob).await
    }

    async fn read(&self, blob: Digest, range: Option<Range<u64>>) -> Result<BlobStream, BlobError> {
        self.blobs.read(blob, range).await
    }
}

/// One blob on its way in. It takes nothing of the room that is not to be taken: it waits.
struct ThrottledWriter {
    writer: Box<dyn BlobWriter>,
    room: FreeSpace,
    /// Ends the wait.
    stop: CancellationToken,
    /// Bytes since the last look.
    unseen: usize,
}

/// What a writer is told that waited for room in vain.
fn no_room(error: EngineError) -> BlobError {
    match error {
        EngineError::Blobs(error) => error,
        EngineError::Low { .. } | EngineError::Records(StoreError::Full) => BlobError::Full,
        EngineError::Records(StoreError::Unwritable(_)) => BlobError::Unwritable(error.into()),
        EngineError::Records(_) | EngineError::Broken(_) => BlobError::Failed(error.into()),
    }
}

#[async_trait]
impl BlobWriter for ThrottledWriter {
    async fn write(&mut self, bytes: Bytes) -> Result<(), BlobError> {
        self.unseen += bytes.len();
        if self.unseen >= STRETCH {
            // A container holds what it left only for a time: then another attempt follows, when there is room.
            let waiting = self.room.wait(std::mem::take(&mut self.unseen), &self.stop);
            let waited = tokio::time::timeout(LONGEST, waiting).await.map_err(|_| BlobError::Full)?;
            waited.map_err(no_room)?;
        }
        self.writer.write(bytes).await
    }

    fn digest(&self) -> Digest {
        self.writer.digest()
    }

    async fn finish(self: Box<Self>) -> Result<(Digest, u64), BlobError> {
        self.writer.finish().await
    }
}
