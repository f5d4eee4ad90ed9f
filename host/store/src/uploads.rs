//! Who may name which bytes.

use std::collections::HashSet;
use std::time::Duration;

use async_trait::async_trait;
use simulay_model::{AccountName, Digest, OwnerFilter, Quotas};

use crate::StoreError;

/// Bytes that were uploaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Upload {
    /// Their address.
    pub sha256: Digest,
    /// How many there are.
    pub size: u64,
}

/// Who uploaded which bytes. Equal bytes are stored once, whoever uploads them; a digest alone gives nobody
/// bytes that he did not upload or was given.
#[async_trait]
pub trait Uploads: Send + Sync {
    /// Takes down that `owner` uploaded these, now, and counts those that he had not uploaded before: all of
    /// them or none, in one durable transaction. Those that he keeps already are not held against `quotas`.
    ///
    /// # Errors
    /// [`StoreError::QuotaExceeded`].
    async fn record(
        &self,
        owner: &AccountName,
        uploads: Vec<Upload>,
        quotas: &Quotas,
    ) -> Result<(), StoreError>;

    /// Those of `blobs` that may be named: uploaded by the owner, or an artifact of a run of his.
    async fn nameable(&self, owner: &OwnerFilter, blobs: Vec<Digest>) -> Result<HashSet<Digest>, StoreError>;

    /// What was uploaded at least `age` ago, by whomever.
    async fn older(&self, age: Duration) -> Result<HashSet<Digest>, StoreError>;

    /// Forgets that these were uploaded, as far as that was at least `age` ago; for bytes that are gone.
    async fn forget_uploads(&self, blobs: Vec<Digest>, age: Duration) -> Result<(), StoreError>;
}
