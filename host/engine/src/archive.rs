//! Archives of inputs on their way in: read on a thread of their own, never whole in memory.

mod incoming;
mod shelf;
mod spool;

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use simulay_archives::{ArchiveError, Bounds, Contents, DETECTABLE, Format, read_gzip, read_tar, read_zip};
use simulay_blobs::Blobs;
use simulay_store::Upload;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::storage::FreeSpace;
use crate::upload::Uploader;
use crate::{ArchiveRefused, EngineError};
use incoming::Incoming;
use shelf::BlobShelf;
use spool::Spool;

/// Pieces of an archive that wait to be read.
const WAITING: usize = 4;
/// Bytes stored between two looks at the room that is left.
const STRETCH: u64 = 8 << 20;

/// An archive on its way in; dropped before `finish`, its reading ends.
pub struct ArchiveWriter {
    reader: Option<ArchiveReader>,
    state: State,
    uploader: Uploader,
    _reads: DropGuard,
}

/// What the thread that reads has.
struct ArchiveReader {
    bounds: Bounds,
    shelf: BlobShelf,
    /// The permit among all that are read; free when the reading has ended, whoever waits for it.
    permit: Box<dyn Send>,
}

enum State {
    /// Too few bytes have come to tell what it is.
    Begun(BytesMut),
    /// Read as it comes.
    Stream { pieces: mpsc::Sender<Bytes>, reading: Reading },
    /// A zip is read when it lies whole.
    Spool(Spool),
}

type Reading = JoinHandle<Result<Contents, ArchiveError>>;

impl ArchiveWriter {
    pub(crate) fn new(
        blobs: Arc<dyn Blobs>,
        room: FreeSpace,
        bounds: Bounds,
        uploader: Uploader,
        permit: Box<dyn Send>,
    ) -> Self {
        let stop = CancellationToken::new();
        let shelf = BlobShelf::new(blobs, room, uploader.allowance.clone(), stop.clone());
        Self {
            reader: Some(ArchiveReader { bounds, shelf, permit }),
            state: State::Begun(BytesMut::new()),
            uploader,
            _reads: stop.drop_guard(),
        }
    }

    /// The next bytes.
    ///
    /// # Errors
    /// See [`ArchiveRefused`]: an archive may be refused before all of it came.
    pub async fn write(&mut self, bytes: Bytes) -> Result<(), ArchiveRefused> {
        match &mut self.state {
            State::Begun(head) => {
                head.extend_from_slice(&bytes);
                if head.len() >= DETECTABLE { self.begin().await } else { Ok(()) }
            }
            State::Stream { pieces, reading } => match pieces.send(bytes).await {
                Ok(()) => Ok(()),
                Err(_) => Err(early(ended(reading).await)),
            },
            State::Spool(spool) => Ok(spool.write(bytes).await?),
        }
    }

    /// All bytes have come: what was in the archive.
    ///
    /// # Errors
    /// See [`ArchiveRefused`].
    pub async fn finish(self) -> Result<Contents, ArchiveRefused> {
        let uploader = self.uploader.clone();
        let contents = self.contents().await?;
        let uploads = contents.files.iter().map(|file| Upload { sha256: file.sha256, size: file.size });
        uploader.record(uploads.collect()).await?;
        Ok(contents)
    }

    async fn contents(mut self) -> Result<Contents, ArchiveRefused> {
        if let State::Begun(_) = self.state {
            self.begin().await?;
        }
        let reader = self.reader.take();
        match self.state {
            State::Begun(_) => Err(ArchiveError::Unknown.into()),
            State::Stream { pieces, mut reading } => {
                drop(pieces);
                ended(&mut reading).await
            }
            State::Spool(spool) => {
                let (file, reader) = (spool.finish().await?, reader.ok_or(ArchiveError::Unknown)?);
                let mut reading = reader.on_a_thread(move |bounds, shelf| read_zip(file, bounds, shelf));
                ended(&mut reading).await
            }
        }
    }

    /// Decides, by the first bytes, how the archive is read.
    async fn begin(&mut self) -> Result<(), ArchiveRefused> {
        let (State::Begun(head), Some(reader)) = (&mut self.state, self.reader.take()) else { return Ok(()) };
        let head = head.split().freeze();
        if Format::of(&head) == Format::Zip {
            let mut spool = reader.shelf.spool().await?;
            spool.write(head).await?;
            (self.state, self.reader) = (State::Spool(spool), Some(reader));
            return Ok(());
        }
        let (pieces, waiting) = mpsc::channel(WAITING);
        let gzip = Format::of(&head) == Format::Gzip;
        let source = Incoming::new(head, waiting);
        let reading = reader.on_a_thread(move |bounds, shelf| match gzip {
            true => read_gzip(source, bounds, shelf),
            false => read_tar(source, bounds, shelf),
        });
        self.state = State::Stream { pieces, reading };
        Ok(())
    }
}

impl ArchiveReader {
    fn on_a_thread(
        self,
        read: impl FnOnce(&Bounds, &mut BlobShelf) -> Result<Contents, ArchiveError> + Send + 'static,
    ) -> Reading {
        let Self { bounds, mut shelf, permit } = self;
        tokio::task::spawn_blocking(move || {
            let _permit = permit;
            let contents = read(&bounds, &mut shelf)?;
            shelf.settle()?;
            Ok(contents)
        })
    }
}

async fn ended(reading: &mut Reading) -> Result<Contents, ArchiveRefused> {
    let contents = reading.await.map_err(EngineError::broken)?;
    Ok(contents?)
}

/// Nothing is read as an archive and leaves bytes behind it.
fn early(read: Result<Contents, ArchiveRefused>) -> ArchiveRefused {
    let more = || ArchiveError::Damaged("there is more after its end".to_owned());
    read.err().unwrap_or_else(|| more().into())
}
