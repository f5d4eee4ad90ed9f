//! What is said on channels.

use serde::{Deserialize, Serialize};
use simulay_signals::Signal;
use uuid::Uuid;

/// What is said on channels, as JSON.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Message {
    /// The process that says it: what it says itself it has heard.
    pub(crate) from: Uuid,
    /// None when some are lost.
    pub(crate) signal: Option<Signal>,
}
