//! What work on one run needs.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use simulay_model::RunId;
use tokio_util::sync::CancellationToken;

use crate::answers::Answers;
use crate::fresh::FreshRuns;
use crate::limits::{Flow, Limits};
use crate::logs::LiveLogs;
use crate::races::LeaseRaces;
use crate::storage::FreeSpace;
use crate::{Parts, Settings};

/// What work on one run needs.
pub(crate) struct RunContext {
    pub(crate) parts: Parts,
    pub(crate) settings: Arc<Settings>,
    pub(crate) limits: Arc<Limits>,
    pub(crate) logs: LiveLogs,
    pub(crate) races: Arc<LeaseRaces>,
    pub(crate) run: RunId,
    /// Whose turn it is by.
    pub(crate) flow: Flow,
    /// What this process accepted a moment ago.
    pub(crate) fresh: Arc<FreshRuns>,
    /// What plugins answered lately.
    pub(crate) answers: Arc<Answers>,
    /// It was worked on, here or elsewhere: there may be containers of it.
    pub(crate) begun: AtomicBool,
    /// What is left of the disk.
    pub(crate) room: FreeSpace,
    /// Cancelled when someone asked for the end of the run.
    pub(crate) stop: CancellationToken,
    /// Cancelled when the host takes up no more work.
    pub(crate) draining: CancellationToken,
    /// Cancelled when the host lets go of what is at work.
    pub(crate) letting_go: CancellationToken,
}
