//! Large blobs on their way in: they go piece by piece under a name of their own, for their address is known only
//! when they are whole.

use std::sync::Arc;

use bytes::Bytes;
use object_store::path::Path as Key;
use object_store::{MultipartUpload, ObjectStore, ObjectStoreExt as _};
use simulay_blobs::BlobError;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
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
    /// The piece that is on its way while the next one comes.
    under_way: Option<JoinHandle<object_store::Result<()>>>,
}

impl Upload {
    async fn put(&mut self, piece: Bytes) -> Result<(), BlobError> {
        self.arrive().await?;
        self.under_way = Some(tokio::spawn(self.parts.put_part(piece.into())));
        Ok(())
    }

    /// Waits for the piece that is on its way.
    async fn arrive(&mut self) -> Result<(), BlobError> {
        let Some(piece) = &mut self.under_way else { return Ok(()) };
        let arrived = piece.await;
        self.under_way = None;
        arrived.map_err(BlobError::of)?.map_err(of_object)
    }
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
                none.insert(Upload { key, parts, under_way: None })
            }
        };
        upload.put(piece).await
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
        upload.arrive().await?;
        upload.parts.complete().await.map_err(of_object)?;
        Ok(self.upload.take().map(|upload| upload.key))
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        let (Some(mut upload), Ok(runtime)) = (self.upload.take(), Handle::try_current()) else { return };
        runtime.spawn(async move {
            // How it went does not matter any more.
            let _ = upload.arrive().await;
            if let Err(error) = upload.parts.abort().await {
                tracing::warn!(key = %upload.key, %error, "the pieces of an unfinished blob stay");
            }
        });
    }
}
