//! What breaks work on a run off.

use simulay_blobs::BlobError;
use simulay_model::RunError;
use simulay_store::StoreError;

use crate::EngineError;

/// What breaks work on a run off.
pub(crate) enum Fault {
    /// The run is to fail with this.
    Run(RunError),
    /// What is stored stays, another pass follows.
    Engine(EngineError),
}

impl From<EngineError> for Fault {
    fn from(error: EngineError) -> Self {
        Self::Engine(error)
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        Self::Engine(error.into())
    }
}

impl From<BlobError> for Fault {
    fn from(error: BlobError) -> Self {
        Self::Engine(error.into())
    }
}

impl From<RunError> for Fault {
    fn from(error: RunError) -> Self {
        Self::Run(error)
    }
}
