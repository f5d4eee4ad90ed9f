//! What the journal of a run says of a call.

use serde::{Deserialize, Serialize};

use crate::{AskedCall, CallEnd, CallKey};

/// A call in the journal of its run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CallRecord {
    /// Step, from 0.
    pub step: u32,
    /// Place in the step, from 0.
    pub index: u32,
    /// Attempt the record is about, from 0.
    pub attempt: u32,
    /// What was asked.
    pub call: AskedCall,
    /// True once the intent to start it is stored.
    pub started: bool,
    /// By what the call is known, when its result may be taken again.
    #[serde(default)]
    pub key: Option<CallKey>,
    /// What came of it, once it ended.
    pub end: Option<CallEnd>,
}
