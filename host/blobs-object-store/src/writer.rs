//! Blobs on their way in.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use object_store::path::Path as Key;
use object_store::{MultipartUpload, ObjectStore, ObjectStoreExt as _};
use simulay_blobs::{BlobError, BlobWriter};
use simulay_model::{Digest, Hasher};

use tokio::sync::RwLock;
use uuid::Uuid;

use crate::failure::{blocking, of_object};
use crate::layout::{INCOMING, Stamp, key};

/// Bytes written at a time; the most of a blob on its way in that is in memory.
const PIECE: usize = 512 * 1024;

/// One blob on its way in. A small one is put at once; a large one goes piece by piece under a
/// name of its own and is moved to its address when it is whole.
pub(crate) struct ObjectWriter {
    objects: Arc<dyn ObjectStore>,
    removal: Arc<RwLock<()>>,
    stamp: Stamp,
    hasher: Hasher,
    size: u64,
    pending: BytesMut,
    upload: Option<(Key, Box<dyn MultipartUpload>)>,
}

impl ObjectWriter {
    /// Begins a blob.
    pub(crate) fn new(objects: Arc<dyn ObjectStore>, removal: Arc<RwLock<()>>, stamp: Stamp) -> Self {
        let (hasher, pending) = (Hasher::default(), BytesMut::new());
        Self { objects, removal, stamp, hasher, size: 0, pending, upload: None }
    }

    async fn flush(&mut self) -> Result<(), BlobError> {
        let piece = self.pending.split().freeze();
        let (_, upload) = match &mut self.upload {
            Some(upload) => upload,
            none => {
                let key = Key::from_iter([INCOMING, &Uuid::now_v7().to_string()]);
                let upload = self.objects.put_multipart(&key).await.map_err(of_object)?;
                none.insert((key, upload))
            }
        };
        upload.put_part(piece.into()).await.map_err(of_object)
    }
}

#[async_trait]
impl BlobWriter for ObjectWriter {
    async fn write(&mut self, mut bytes: Bytes) -> Result<(), BlobError> {
        while !bytes.is_empty() {
            let room = PIECE.saturating_sub(self.pending.len());
            let piece = bytes.split_to(room.min(bytes.len()));
            self.hasher.update(&piece);
            self.size += piece.len() as u64;
            self.pending.extend_from_slice(&piece);
            if self.pending.len() >= PIECE {
                self.flush().await?;
            }
        }
        Ok(())
    }

    fn digest(&self) -> Digest {
        self.hasher.clone().finish()
    }

    async fn finish(mut self: Box<Self>) -> Result<(Digest, u64), BlobError> {
        if self.upload.is_some() && !self.pending.is_empty() {
            self.flush().await?;
        }
        let Self { objects, removal, stamp, hasher, size, pending, upload } = *self;
        let digest = hasher.finish();
        let _shared = removal.read().await;
        match upload {
            None => objects.put(&key(digest), pending.freeze().into()).await.map(|_| ()),
            Some((staged, upload)) => publish(&*objects, upload, &staged, &key(digest)).await,
        }
        .map_err(of_object)?;
        // Without it the file carries the time of the clock, and stays a while longer or shorter.
        if let Err(error) = blocking(move || stamp.touch(digest)).await? {
            tracing::warn!(blob = %digest, %error, "a blob is not stamped");
        }
        Ok((digest, size))
    }
}

/// Moves a whole blob to its address. Equal bytes that are there already are replaced, which does
/// no harm and mends damage.
async fn publish(
    objects: &dyn ObjectStore,
    mut upload: Box<dyn MultipartUpload>,
    staged: &Key,
    key: &Key,
) -> object_store::Result<()> {
    upload.complete().await?;
    let moved = objects.rename(staged, key).await;
    if moved.is_err() {
        // The first error is the one to tell; what stays is removed at the next start.
        let _ = objects.delete(staged).await;
    }
    moved
}
