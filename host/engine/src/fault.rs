//! What breaks work on a run off.

use simulay_model::RunError;
use simulay_store::StoreError;

/// What breaks work on a run off.
pub(crate) enum Fault {
    /// The run is to fail with this.
    Run(RunError),
    /// The store failed: what is there stays, another pass follows.
    Store(StoreError),
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<RunError> for Fault {
    fn from(error: RunError) -> Self {
        Self::Run(error)
    }
}
