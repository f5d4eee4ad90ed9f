//! The bytes of files, in documents that GridFS calls chunks.

use bytes::Bytes;
use mongodb::bson::oid::ObjectId;
use mongodb::bson::spec::BinarySubtype;
use mongodb::bson::{Binary, doc};
use mongodb::options::{CollectionOptions, IndexOptions};
use mongodb::{Collection, Database, IndexModel};
use serde::{Deserialize, Serialize};
use simulay_blobs::BlobError;

use crate::failure::{TooLarge, bounded, of_mongo};

/// Bytes in a chunk, but for the last of a file: what GridFS has by default.
pub(crate) const CHUNK: usize = 255 * 1024;

/// The chunks of all files.
#[derive(Clone)]
pub(crate) struct Chunks(Collection<Chunk>);

#[derive(Serialize, Deserialize)]
struct Chunk {
    files_id: ObjectId,
    n: i32,
    data: Binary,
}

impl Chunks {
    pub(crate) fn of(database: &Database, options: CollectionOptions) -> Self {
        Self(database.collection_with_options("blobs.chunks", options))
    }

    /// Makes the index that GridFS wants.
    pub(crate) async fn prepare(&self) -> Result<(), BlobError> {
        let unique = IndexOptions::builder().unique(true).build();
        let index = IndexModel::builder().keys(doc! { "files_id": 1, "n": 1 }).options(unique).build();
        bounded(self.0.create_index(index)).await.map(|_| ()).map_err(of_mongo)
    }

    /// Adds `bytes` to a file as its chunks from the `first` on; gives how many.
    pub(crate) async fn add(&self, file: ObjectId, first: u64, bytes: &Bytes) -> Result<u64, BlobError> {
        let mut chunks = Vec::new();
        for (n, data) in (first..).zip(bytes.chunks(CHUNK)) {
            let data = Binary { subtype: BinarySubtype::Generic, bytes: data.to_vec() };
            chunks.push(Chunk { files_id: file, n: place(n)?, data });
        }
        if !chunks.is_empty() {
            bounded(self.0.insert_many(&chunks)).await.map_err(of_mongo)?;
        }
        Ok(chunks.len() as u64)
    }

    /// The bytes of the chunk `n` of a file, `None` when there is no such chunk.
    pub(crate) async fn get(&self, file: ObjectId, n: u64) -> Result<Option<Bytes>, BlobError> {
        let found = self.0.find_one(doc! { "files_id": file, "n": place(n)? });
        let found = bounded(found).await.map_err(of_mongo)?;
        Ok(found.map(|chunk| chunk.data.bytes.into()))
    }

    /// Removes all chunks of a file.
    pub(crate) async fn remove(&self, file: ObjectId) -> Result<(), BlobError> {
        bounded(self.0.delete_many(doc! { "files_id": file })).await.map(|_| ()).map_err(of_mongo)
    }
}

fn place(n: u64) -> Result<i32, BlobError> {
    i32::try_from(n).map_err(|_| BlobError::of(TooLarge(n)))
}
