//! What breaks work on a run off.

use simulay_model::RunError;

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

impl From<RunError> for Fault {
    fn from(error: RunError) -> Self {
        Self::Run(error)
    }
}
