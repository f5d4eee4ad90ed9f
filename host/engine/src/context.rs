//! What work on one run needs.

use std::sync::Arc;

use simulay_model::{AccountName, PluginName, RunId};
use tokio_util::sync::CancellationToken;

use crate::limits::Limits;
use crate::logs::LiveLogs;
use crate::storage::FreeSpace;
use crate::{Parts, Settings};

/// What work on one run needs.
pub(crate) struct RunContext {
    pub(crate) parts: Parts,
    pub(crate) settings: Arc<Settings>,
    pub(crate) limits: Arc<Limits>,
    pub(crate) logs: LiveLogs,
    pub(crate) run: RunId,
    /// Whose it is.
    pub(crate) owner: AccountName,
    /// What it is a run of.
    pub(crate) pipeline: PluginName,
    /// What is left of the disk.
    pub(crate) room: FreeSpace,
    /// Cancelled when someone asked for the end of the run.
    pub(crate) stop: CancellationToken,
    /// Cancelled when the host takes up no more work.
    pub(crate) draining: CancellationToken,
}
