//! What an account may still upload.

use jiff::Timestamp;
use simulay_model::{PresentUse, Quotas};
use simulay_store::StoreError;

use crate::EngineError;

/// What an account may still upload, as it was when the upload began. What comes of it is held against what is
/// used by then, where it is stored.
pub(crate) struct Allowance {
    pub(crate) quotas: Quotas,
    pub(crate) used: PresentUse,
    pub(crate) at: Timestamp,
}

impl Allowance {
    /// Refuses an upload that has so many `bytes` by now.
    pub(crate) fn check(&self, bytes: u64) -> Result<(), EngineError> {
        Ok(self.quotas.admit_upload(&self.used, bytes, self.at).map_err(StoreError::from)?)
    }
}
