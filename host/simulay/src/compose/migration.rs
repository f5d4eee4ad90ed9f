//! Moves all that a data directory holds to the services of a cluster, or back: bytes first, then the records that name
//! them, which are read back and compared.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context as _, ensure};
use futures_util::TryStreamExt as _;
use simulay_blobs::{BlobError, BlobInventory, Blobs, StoredBlob};
use simulay_blobs_gridfs::GridFsBlobs;
use simulay_model::Digest;
use simulay_store::transfer::{Counts, Transfer, begin, fill};
use simulay_store_mongo::MongoStore;

use super::DataDirectory;
use crate::configuration::Secret;

/// Where data is moved from or to.
pub(crate) enum End {
    /// A data directory.
    Directory(PathBuf),
    /// A database of MongoDB, with its blobs in GridFS.
    Cluster(Secret),
}

/// What was moved.
#[derive(Debug, Default)]
pub(crate) struct Moved {
    /// Blobs, those that were there already too.
    pub(crate) blobs: u64,
    /// Their bytes.
    pub(crate) bytes: u64,
    /// Blobs that are damaged or missing at the source.
    pub(crate) damaged: Vec<Digest>,
    /// Records, by kind.
    pub(crate) records: Counts,
}

/// Moves all that is at `from`, where nobody works, to `to`, which is empty or was begun to be filled from there.
///
/// # Errors
/// When someone works there, `to` has something else, or one of them fails; begun again, it goes on.
pub(crate) async fn migrate(from: &End, to: &End, tell: impl Fn(&Moved)) -> anyhow::Result<Moved> {
    let source = Opened::source(from).await.context("the source cannot be used")?;
    let destination = Opened::destination(to).await.context("the destination cannot be used")?;
    begin(&*source.records, &*destination.records, &source.name).await?;
    let (mut moved, mut seen) = (Moved::default(), HashSet::new());
    moved.take_blobs(&source, &destination, &mut seen, &tell).await?;
    moved.records = fill(&*source.records, &*destination.records).await?;
    // Whatever the records name that came while bytes were moved.
    moved.take_blobs(&source, &destination, &mut seen, &tell).await?;
    destination.records.finish().await?;
    Ok(moved)
}

impl Moved {
    /// Copies the blobs that were not `seen` yet. One that is damaged stays away; any other failure ends it.
    async fn take_blobs(
        &mut self,
        source: &Opened,
        destination: &Opened,
        seen: &mut HashSet<Digest>,
        tell: impl Fn(&Self),
    ) -> anyhow::Result<()> {
        for StoredBlob { blob, .. } in source.inventory.list().await? {
            if !seen.insert(blob) {
                continue;
            }
            match copy(&*source.blobs, &*destination.blobs, blob).await {
                Ok(size) => {
                    (self.blobs, self.bytes) = (self.blobs + 1, self.bytes + size);
                    tell(self);
                }
                Err(CopyError::Source(error @ (BlobError::Corrupt(_) | BlobError::NotFound))) => {
                    tracing::warn!(%blob, %error, "a blob is damaged or missing");
                    self.damaged.push(blob);
                }
                Err(CopyError::Source(error)) => return Err(error).context("the source cannot be read"),
                Err(CopyError::Destination(error)) => {
                    return Err(error).context("the destination takes no bytes");
                }
            }
        }
        Ok(())
    }
}

/// An end that is open.
struct Opened {
    /// What it is known by, without any secret.
    name: String,
    records: Arc<dyn Transfer>,
    blobs: Arc<dyn Blobs>,
    inventory: Arc<dyn BlobInventory>,
}

impl Opened {
    async fn source(end: &End) -> anyhow::Result<Self> {
        match end {
            End::Directory(directory) => {
                ensure!(directory.is_dir(), "{} is no directory", directory.display());
                let opened = DataDirectory::open(directory)?;
                // Nobody else works in it: all leases are of earlier lives.
                opened.records.expire_leases().await?;
                Self::directory(directory.canonicalize()?, opened)
            }
            End::Cluster(address) => Self::cluster(MongoStore::connect(address.reveal()).await?).await,
        }
    }

    async fn destination(end: &End) -> anyhow::Result<Self> {
        match end {
            End::Directory(directory) => {
                Self::directory(directory.clone(), DataDirectory::open_to_fill(directory)?)
            }
            End::Cluster(address) => {
                Self::cluster(MongoStore::connect_to_fill(address.reveal()).await?).await
            }
        }
    }

    fn directory(directory: PathBuf, opened: DataDirectory) -> anyhow::Result<Self> {
        let DataDirectory { records, blobs } = opened;
        let name = directory.display().to_string();
        Ok(Self { name, records, blobs: blobs.clone(), inventory: blobs })
    }

    async fn cluster(records: MongoStore) -> anyhow::Result<Self> {
        let name = format!("the database {}", records.name());
        let blobs = Arc::new(GridFsBlobs::open(records.database()).await?);
        Ok(Self { name, records: Arc::new(records), blobs: blobs.clone(), inventory: blobs })
    }
}

/// Which side of a copy failed.
enum CopyError {
    Source(BlobError),
    Destination(BlobError),
}

/// Copies a blob, unless it is there; its bytes.
async fn copy(from: &dyn Blobs, to: &dyn Blobs, blob: Digest) -> Result<u64, CopyError> {
    if let Some(size) = to.keep(blob).await.map_err(CopyError::Destination)? {
        return Ok(size);
    }
    let mut pieces = from.read(blob, None).await.map_err(CopyError::Source)?;
    let mut writer = to.create().await.map_err(CopyError::Destination)?;
    while let Some(piece) = pieces.try_next().await.map_err(CopyError::Source)? {
        writer.write(piece).await.map_err(CopyError::Destination)?;
    }
    let (_, size) = writer.finish().await.map_err(CopyError::Destination)?;
    Ok(size)
}
