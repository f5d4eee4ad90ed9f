//! A call on its way to its end.

use simulay_containers::Capacity;
use simulay_model::{CallKey, CallPlace, ContainerCall, RunId};
use tokio::time::Instant;

use crate::logs::AttemptLogs;

/// A call that has not ended, at its newest attempt.
pub(crate) struct Pending {
    /// Step, from 0.
    pub(crate) step: u32,
    /// Index in the step, from 0.
    pub(crate) index: u32,
    /// Attempt, from 0.
    pub(crate) attempt: u32,
    /// True once the intent to start it is stored.
    pub(crate) started: bool,
    /// As the plugin wrote it.
    pub(crate) call: ContainerCall,
    /// What it takes of a node.
    pub(crate) demand: Capacity,
    /// By what it is known, when what comes of it may be taken again.
    pub(crate) key: Option<CallKey>,
    /// By what another attempt would be known.
    pub(crate) next_key: Option<CallKey>,
    /// It may take the result of an equal call.
    pub(crate) takes: bool,
    /// Until when it waits for equal calls, once it waited for one.
    pub(crate) patience: Option<Instant>,
    /// Of the attempt, once its turn has come.
    pub(crate) logs: Option<AttemptLogs>,
}

impl Pending {
    pub(super) const fn attempt(&self) -> (u32, u32, u32) {
        (self.step, self.index, self.attempt)
    }

    pub(super) const fn place(&self, run: RunId) -> CallPlace {
        CallPlace { run, step: self.step, index: self.index }
    }

    pub(super) fn close_logs(&mut self) {
        if let Some(logs) = self.logs.take() {
            logs.close();
        }
    }
}
