//! Whether records can be written, and how much room is left.

use async_trait::async_trait;
use simulay_store::{Space, StoreError};

use crate::connection;
use crate::reserve::free_in;
use crate::store::SqliteStore;

#[async_trait]
impl Space for SqliteStore {
    async fn free(&self) -> Result<u64, StoreError> {
        if self.writer.is_ailing() {
            // Only a write tells whether the disk takes writes again.
            self.write("touch", connection::touch).await?;
        }
        let (directory, reserve) = (self.directory.clone(), self.reserve.clone());
        let look = move || reserve.restore(free_in(&directory)?).ok_or(StoreError::Full);
        let looked = tokio::task::spawn_blocking(look).await;
        looked.map_err(|error| StoreError::Failed(error.into()))?
    }
}
