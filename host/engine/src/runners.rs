//! The processes that work on runs, where others do.

use async_trait::async_trait;
use simulay_model::RunnerStatus;

/// The processes that work on runs.
#[async_trait]
pub trait Runners: Send + Sync {
    /// Asks each how it is. Answers within seconds, whether they do or not.
    async fn statuses(&self) -> Vec<RunnerStatus>;
}
