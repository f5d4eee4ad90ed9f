//! Those of this host that append to the audit log at the same time: one puts in what waits by then.

use jiff::Timestamp;
use parking_lot::Mutex;
use simulay_model::{AuditEntry, AuditHead};
use simulay_store::StoreError;
use tokio::sync::{Mutex as Turns, oneshot};

/// Those of this host that append.
#[derive(Default)]
pub(crate) struct Appending {
    pub(crate) waiting: Mutex<Vec<Waiting>>,
    /// Whoever has the turn puts in what waits.
    pub(crate) turns: Turns<()>,
}

/// What is to be recorded, and who waits for it.
pub(crate) struct Waiting {
    pub(crate) at: Timestamp,
    pub(crate) entry: AuditEntry,
    pub(crate) answer: oneshot::Sender<Result<AuditHead, StoreError>>,
}
