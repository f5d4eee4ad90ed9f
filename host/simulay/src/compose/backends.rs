//! An engine over the backends that were picked.

use std::sync::Arc;

use simulay_blobs::Blobs;
use simulay_containers::{Admission, Containers};
use simulay_engine::{Engine, Parts, RetentionPorts, Runners, Settings as EngineSettings, SystemEntropy};
use simulay_model::SystemClock;
use simulay_sandbox::Sandbox;
use simulay_signals::{LogRelay, Signals};
use uuid::Uuid;

use super::{Records, identity};
use crate::configuration::Settings;

/// The backends that were picked.
pub(super) struct Backends {
    pub(super) records: Records,
    pub(super) signals: Arc<dyn Signals>,
    /// The logs of containers at work, from and to other processes.
    pub(super) relay: Option<Arc<dyn LogRelay>>,
    pub(super) blobs: Arc<dyn Blobs>,
    pub(super) sandbox: Arc<dyn Sandbox>,
    pub(super) admission: Arc<dyn Admission>,
    pub(super) containers: Arc<dyn Containers>,
    /// The processes that work on the runs, when others do.
    pub(super) runners: Option<Arc<dyn Runners>>,
    /// Other processes work on the runs.
    pub(super) runs_elsewhere: bool,
}

impl Backends {
    /// An engine over them within `limits`, which looks after what is `kept`.
    pub(super) fn engine(
        self,
        settings: &Settings,
        limits: EngineSettings,
        kept: RetentionPorts,
    ) -> anyhow::Result<Engine> {
        let (lease_holder, runs_elsewhere) = (Uuid::now_v7().to_string(), self.runs_elsewhere);
        let parts = self.parts(settings)?;
        let settings = EngineSettings { lease_holder, runs_elsewhere, ..limits };
        Ok(Engine::new(parts, settings, Some(kept)))
    }

    fn parts(self, settings: &Settings) -> anyhow::Result<Parts> {
        let Self { records, signals, relay, blobs, sandbox, admission, containers, runners, .. } = self;
        Ok(Parts {
            plugins: records.plugins,
            runs: records.runs,
            changes: records.changes,
            journal: records.journal,
            overview: records.overview,
            requests: records.requests,
            reuse: records.reuse,
            sweeps: records.sweeps,
            uploads: records.uploads,
            accounts: records.accounts,
            credentials: records.credentials,
            links: records.links,
            audit: records.audit,
            metering: records.metering,
            identity: identity::provider(settings.auth.oidc.as_ref())?,
            signals,
            relay,
            blobs,
            sandbox,
            admission,
            containers,
            runners,
            clock: Arc::new(SystemClock),
            entropy: Arc::new(SystemEntropy),
        })
    }
}
