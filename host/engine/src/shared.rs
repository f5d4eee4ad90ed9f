//! What the parts of an engine in one process share.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::answers::Answers;
use crate::audit::AuditLog;
use crate::fresh::FreshRuns;
use crate::limits::Limits;
use crate::logs::LiveLogs;
use crate::races::LeaseRaces;
use crate::storage::{Disks, FreeSpace};
use crate::upkeep::LastJump;
use crate::{AccountQuotas, EngineError, Parts, RetentionPorts, Settings};

/// What the parts of an engine in one process share.
pub(crate) struct Shared {
    pub(crate) parts: Parts,
    pub(crate) settings: Arc<Settings>,
    pub(crate) limits: Arc<Limits>,
    pub(crate) races: Arc<LeaseRaces>,
    pub(crate) quotas: AccountQuotas,
    pub(crate) logs: LiveLogs,
    pub(crate) tasks: TaskTracker,
    /// Cancelled when no more work is taken up.
    pub(crate) shutdown: CancellationToken,
    /// Cancelled when the work in hand is left as it is.
    pub(crate) letting_go: CancellationToken,
    /// What is tidied up; none in a store that has no bound.
    pub(crate) kept: Option<RetentionPorts>,
    /// Where room is looked for.
    room: FreeSpace,
    pub(crate) last_jump: LastJump,
    pub(crate) audit: AuditLog,
    /// What was accepted a moment ago.
    pub(crate) fresh: Arc<FreshRuns>,
    pub(crate) answers: Arc<Answers>,
}

impl Shared {
    pub(crate) fn new(parts: Parts, settings: Settings, kept: Option<RetentionPorts>) -> Arc<Self> {
        let quotas = AccountQuotas::new(parts.metering.clone(), settings.quotas.clone());
        let audit = AuditLog::new(parts.audit.clone(), parts.clock.clone());
        let disks =
            |kept: &RetentionPorts| Disks { records: kept.space.clone(), blobs: kept.inventory.clone() };
        let room = FreeSpace::on(kept.as_ref().map(disks), settings.min_free_bytes);
        Arc::new(Self {
            logs: LiveLogs::relayed_by(parts.relay.clone()),
            parts,
            audit,
            quotas,
            limits: Arc::new(Limits::new(&settings)),
            races: Arc::default(),
            settings: Arc::new(settings),
            tasks: TaskTracker::new(),
            shutdown: CancellationToken::new(),
            letting_go: CancellationToken::new(),
            kept,
            room,
            last_jump: LastJump::default(),
            fresh: Arc::default(),
            answers: Arc::default(),
        })
    }

    /// Refuses new work when too little room is left for it.
    pub(crate) async fn check_room(&self) -> Result<(), EngineError> {
        self.room.check(0).await
    }

    pub(crate) fn room(&self) -> FreeSpace {
        self.room.clone()
    }
}
