//! Large blobs on their way in: they go piece by piece under a name of their own, for their address is known only
//! when they are whole.

use std::sync::Arc;

use bytes::Bytes;
use object_store::path::Path as Key;
use object_store::{MultipartUpload, ObjectStore, ObjectStoreExt as _};
use simulay_blobs::BlobError;
use tokio::runtime::Handle;
use uuid::Uuid;

use crate::failure::of_object;

/// What is not whole yet lies under this name.
pub(crate) const INCOMING: &str = "incoming";

/// The pieces of a blob that have come, when it has more than one. Dropped before it is whole, it leaves nothing.
pub(crate) struct Staging {
    objects: Arc<dyn ObjectStore>,
    upload: Option<Upload>,
}

struct Upload {
    key: Key,
    parts: Box<dyn MultipartUpload>,
}

impl Staging {
    pub(crate) fn new(objects: Arc<dyn ObjectStore>) -> Self {
        Self { objects, upload: None }
    }

    /// Takes the next piece.
    pub(crate) async fn take(&mut self, piece: Bytes) -> Result<(), BlobError> {
        let upload = match &mut self.upload {
            Some(upload) => upload,
            none => {
                let key = Key::from_iter([INCOMING, &Uuid::now_v7().to_string()]);
                let parts = self.objects.put_multipart(&key).await.map_err(of_object)?;
                none.insert(Upload { key, parts })
            }
        };
        upload.parts.put_part(piece.into()).await.map_err(of_object)
    }

    /// The object of all pieces and the `rest`; `None` when there were no pieces.
    pub(crate) async fn whole(mut self, rest: Bytes) -> Result<Option<Key>, BlobError> {
        if self.upload.is_none() {
            return Ok(None);
        }
        if !rest.is_empty() {
            self.take(rest).await?;
        }
        let Some(upload) = &mut self.upload else { return Ok(None) };
        upload.parts.complete().await.map_err(of_object)?;
        Ok(self.upload.take().map(|upload| upload.key))
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        let (Some(mut upload), Ok(runtime)) = (self.upload.take(), Handle::try_current()) else { return };
        runtime.spawn(async move {
            if let Err(error) = upload.parts.abort().await {
                tracing::warn!(key = %upload.key, %error, "the pieces of an unfinished blob stay");
            }
        });
    }
}
