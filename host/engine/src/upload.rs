//! What is stored for an account: taken down as uploaded by it, so that its runs may name it.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use simulay_model::{AccountName, Digest};
use simulay_store::{BlobWriter, StoreError, Uploads};

/// Takes down what an account uploaded.
#[derive(Clone)]
pub(crate) struct Uploader {
    pub(crate) uploads: Arc<dyn Uploads>,
    pub(crate) account: AccountName,
}

impl Uploader {
    /// These are stored, and were uploaded.
    pub(crate) async fn record(&self, blobs: Vec<Digest>) -> Result<(), StoreError> {
        self.uploads.record(&self.account, blobs).await
    }
}

/// One upload on its way in.
pub(crate) struct UploadWriter {
    pub(crate) writer: Box<dyn BlobWriter>,
    pub(crate) uploader: Uploader,
}

#[async_trait]
impl BlobWriter for UploadWriter {
    async fn write(&mut self, bytes: Bytes) -> Result<(), StoreError> {
        self.writer.write(bytes).await
    }

    fn digest(&self) -> Digest {
        self.writer.digest()
    }

    async fn finish(self: Box<Self>) -> Result<(Digest, u64), StoreError> {
        let (blob, size) = self.writer.finish().await?;
        self.uploader.record(vec![blob]).await?;
        Ok((blob, size))
    }
}
