//! The files of a bucket and their chunks.

use mongodb::Database;
use mongodb::bson::oid::ObjectId;
use mongodb::options::{
    Acknowledgment, CollectionOptions, ReadConcern, ReadPreference, SelectionCriteria, WriteConcern,
};
use simulay_blobs::BlobError;

use crate::chunks::Chunks;
use crate::files::Files;

/// The files of a bucket and their chunks.
#[derive(Clone)]
pub(crate) struct Bucket {
    pub(crate) files: Files,
    pub(crate) chunks: Chunks,
}

impl Bucket {
    /// The bucket of a database.
    pub(crate) fn of(database: &Database) -> Self {
        Self { files: Files::of(database, durable()), chunks: Chunks::of(database, durable()) }
    }

    /// Removes a file and its chunks, unless it is a blob: whoever gives it up need not know how that ended. When a chunk
    /// is `under_way` that may come later, the file is left to whoever collects, who finds that chunk by it.
    pub(crate) async fn discard(&self, file: ObjectId, under_way: bool) -> Result<(), BlobError> {
        match self.files.give_up(file).await? {
            true if under_way => self.chunks.remove(file).await,
            true => self.remove_going(file).await,
            false if self.files.has(file).await? => Ok(()),
            // It was taken for abandoned and removed; what came since is nobody's.
            false => self.chunks.remove(file).await,
        }
    }

    /// Removes a file that is going. Its document is last, so that what a crash leaves is found again.
    pub(crate) async fn remove_going(&self, file: ObjectId) -> Result<(), BlobError> {
        self.chunks.remove(file).await?;
        self.files.forget(file).await
    }
}

/// What is written is on the disks of most members, and what is read cannot be taken back.
fn durable() -> CollectionOptions {
    CollectionOptions::builder()
        .write_concern(WriteConcern::builder().w(Acknowledgment::Majority).journal(true).build())
        .read_concern(ReadConcern::majority())
        .selection_criteria(SelectionCriteria::ReadPreference(ReadPreference::Primary))
        .build()
}
