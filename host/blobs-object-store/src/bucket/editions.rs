//! Which objects are a blob. S3 deletes whatever has a name by then, so that a name that may be given again is never
//! safe from a slow host. Therefore each object has a name of its own, `sha256/ab/abcdef…/<uuid>`, and is an
//! *edition* of the blob: all its bytes, as old as the storage says. To keep a blob is to make another edition; the
//! youngest one counts, and whoever deletes deletes what he saw to be old, or to be older than another.

use std::sync::Arc;
use std::time::Duration;

use futures_util::TryStreamExt as _;
use object_store::path::Path as Key;
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt as _, PutPayload};
use simulay_blobs::BlobError;
use simulay_model::Digest;
use uuid::Uuid;

use crate::failure::of_object;

/// All editions of all blobs lie under this name.
const STORED: &str = "sha256";
/// An object that is written to learn what time it is in the storage.
const CLOCK: [&str; 2] = ["clock", "now"];

/// The editions in a bucket.
#[derive(Clone)]
pub(crate) struct Editions(Arc<dyn ObjectStore>);

/// A moment by the clock of the storage.
#[derive(Clone, Copy)]
pub(crate) struct Moment(Duration);

impl Moment {
    /// When an object came.
    fn of(object: &ObjectMeta) -> Self {
        let seconds = u64::try_from(object.last_modified.timestamp()).unwrap_or_default();
        Self(Duration::new(seconds, object.last_modified.timestamp_subsec_nanos()))
    }

    /// How old an object is at this moment.
    pub(crate) fn age(self, object: &ObjectMeta) -> Duration {
        self.0.saturating_sub(Self::of(object).0)
    }
}

impl Editions {
    pub(crate) fn new(objects: Arc<dyn ObjectStore>) -> Self {
        Self(objects)
    }

    pub(crate) fn objects(&self) -> &Arc<dyn ObjectStore> {
        &self.0
    }

    /// The present moment.
    pub(crate) async fn now(&self) -> Result<Moment, BlobError> {
        let key = Key::from_iter(CLOCK);
        self.0.put(&key, PutPayload::new()).await.map_err(of_object)?;
        // As it is listed, for so are the editions: other answers round the time otherwise.
        let [folder, _] = CLOCK;
        let listed = self.list(&Key::from(folder)).await?;
        listed.iter().find(|object| object.location == key).map(Moment::of).ok_or(BlobError::NotFound)
    }

    /// The youngest edition of a blob.
    pub(crate) async fn youngest(&self, blob: Digest) -> Result<Option<ObjectMeta>, BlobError> {
        Ok(self.of(blob).await?.pop())
    }

    /// The editions of a blob, the youngest last, in an order that is the same for all hosts.
    pub(crate) async fn of(&self, blob: Digest) -> Result<Vec<ObjectMeta>, BlobError> {
        let mut editions = self.list(&folder(blob)).await?;
        editions.sort_by(|one, other| {
            (one.last_modified, &one.location).cmp(&(other.last_modified, &other.location))
        });
        Ok(editions)
    }

    /// The editions of all blobs.
    pub(crate) async fn all(&self) -> Result<Vec<ObjectMeta>, BlobError> {
        self.list(&Key::from(STORED)).await
    }

    /// All objects in a folder.
    pub(crate) async fn list(&self, folder: &Key) -> Result<Vec<ObjectMeta>, BlobError> {
        self.0.list(Some(folder)).try_collect().await.map_err(of_object)
    }

    /// Makes another edition of a blob, so that it is young; gives its size, `None` when there is none.
    pub(crate) async fn renew(&self, blob: Digest) -> Result<Option<u64>, BlobError> {
        while let Some(edition) = self.youngest(blob).await? {
            match self.add_copy(&edition.location, blob).await {
                // Another host has made a younger one since, or has collected the blob.
                Err(BlobError::NotFound) => {}
                added => return added.map(|()| Some(edition.size)),
            }
        }
        Ok(None)
    }

    /// Makes an object an edition of a blob.
    pub(crate) async fn add_copy(&self, object: &Key, blob: Digest) -> Result<(), BlobError> {
        self.0.copy(object, &fresh(blob)).await.map_err(of_object)?;
        self.leave_youngest(blob).await
    }

    /// Makes bytes an edition of a blob.
    pub(crate) async fn add(&self, bytes: PutPayload, blob: Digest) -> Result<(), BlobError> {
        self.0.put(&fresh(blob), bytes).await.map_err(of_object)?;
        self.leave_youngest(blob).await
    }

    /// Deletes the older editions of a blob. Which is the youngest is not guessed but looked up: hosts that
    /// disagreed about it would delete each other's.
    async fn leave_youngest(&self, blob: Digest) -> Result<(), BlobError> {
        let mut older = self.of(blob).await?;
        older.pop();
        self.delete(&older).await
    }

    /// Deletes objects; those that are gone already are no error.
    pub(crate) async fn delete(&self, objects: &[ObjectMeta]) -> Result<(), BlobError> {
        for object in objects {
            match self.0.delete(&object.location).await {
                Ok(()) | Err(object_store::Error::NotFound { .. }) => {}
                Err(error) => return Err(of_object(error)),
            }
        }
        Ok(())
    }
}

/// The blob of which an object is an edition; `None` for what others put there.
pub(crate) fn blob_of(object: &ObjectMeta) -> Option<Digest> {
    object.location.parts().nth(2)?.as_ref().parse().ok()
}

fn folder(blob: Digest) -> Key {
    let name = blob.to_string();
    let first: String = name.chars().take(2).collect();
    Key::from_iter([STORED, &first, &name])
}

fn fresh(blob: Digest) -> Key {
    folder(blob).join(Uuid::now_v7().to_string())
}
