//! The store: what is asked of blobs.

use std::fs;
use std::ops::Range;
use std::time::Duration;

use async_trait::async_trait;
use mongodb::options::ClientOptions;
use mongodb::{Client, Database};
use simulay_blobs::{BlobError, BlobStream, BlobWriter, Blobs, PieceWriter, Whole, outgoing};
use simulay_model::Digest;

use crate::bucket::Bucket;
use crate::failure::of_mongo;
use crate::reader::Download;
use crate::writer::{PIECE, Upload};

/// Blobs in the GridFS bucket `blobs` of a database. They age by the clock of its server.
#[derive(Clone)]
pub struct GridFsBlobs {
    pub(crate) bucket: Bucket,
}

/// For how long a server is looked for, unless its address says otherwise; then it counts as gone.
const PATIENCE: Duration = Duration::from_secs(5);

/// An address of MongoDB that names no database.
#[derive(Debug, thiserror::Error)]
#[error("the address of MongoDB names no database; add one as its path: mongodb://host/simulay")]
struct NoDatabase;

impl GridFsBlobs {
    /// Opens the bucket of the database that `address` names, `mongodb://host,host/database?replicaSet=…`.
    ///
    /// # Errors
    /// When the address is none, or as [`GridFsBlobs::open`].
    pub async fn connect(address: &str) -> Result<Self, BlobError> {
        let mut options = ClientOptions::parse(address).await.map_err(of_mongo)?;
        options.app_name.get_or_insert_with(|| "simulay".to_owned());
        options.server_selection_timeout.get_or_insert(PATIENCE);
        options.connect_timeout.get_or_insert(PATIENCE);
        let client = Client::with_options(options).map_err(of_mongo)?;
        let database = client.default_database().ok_or_else(|| BlobError::of(NoDatabase))?;
        Self::open(&database).await
    }

    /// Opens the bucket of a database, and makes its indexes when there are none.
    ///
    /// # Errors
    /// When the server does not answer, or has other indexes of these names.
    pub async fn open(database: &Database) -> Result<Self, BlobError> {
        let bucket = Bucket::of(database);
        bucket.files.prepare().await?;
        bucket.chunks.prepare().await?;
        Ok(Self { bucket })
    }
}

#[async_trait]
impl Blobs for GridFsBlobs {
    async fn scratch(&self) -> Result<fs::File, BlobError> {
        let made = tokio::task::spawn_blocking(tempfile::tempfile).await.map_err(BlobError::of)?;
        made.map_err(BlobError::of)
    }

    async fn create(&self) -> Result<Box<dyn BlobWriter>, BlobError> {
        Ok(Box::new(PieceWriter::new(Upload::new(self.bucket.clone()), PIECE)))
    }

    async fn size(&self, blob: Digest) -> Result<Option<u64>, BlobError> {
        Ok(self.bucket.files.get(blob).await?.map(|file| file.size))
    }

    async fn keep(&self, blob: Digest) -> Result<Option<u64>, BlobError> {
        Ok(self.bucket.files.keep(blob).await?.map(|file| file.size))
    }

    async fn read(&self, blob: Digest, range: Option<Range<u64>>) -> Result<BlobStream, BlobError> {
        let file = self.bucket.files.get(blob).await?.ok_or(BlobError::NotFound)?;
        let whole = Whole { blob, size: file.size };
        Ok(outgoing(whole, range, Download { bucket: self.bucket.clone(), blob, file }))
    }
}
