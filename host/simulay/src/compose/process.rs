//! What processes of a cluster say of themselves, and of each other.

use async_trait::async_trait;
use simulay_engine::{Engine, Runners, Stats};
use simulay_model::{MissingPart, ProcessStatus, RunnerStatus};
use simulay_rpc::{Process, RemoteRunners};

/// The runners of a cluster.
pub(super) struct KnownRunners(pub(super) RemoteRunners);

#[async_trait]
impl Runners for KnownRunners {
    async fn statuses(&self) -> Vec<RunnerStatus> {
        self.0.statuses().await
    }
}

/// The runner that this process is.
pub(super) struct ThisRunner(pub(super) Engine);

#[async_trait]
impl Process for ThisRunner {
    async fn status(&self) -> ProcessStatus {
        let lacks = self.0.readiness().await.into_iter();
        let missing = lacks.map(|lack| MissingPart { part: lack.part.as_str().to_owned(), why: lack.why });
        let Stats { active_runs, waiting_runs, containers, calls_without_turn, calls_without_node, .. } =
            self.0.stats();
        ProcessStatus {
            name: name(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            active_runs: active_runs as u64,
            waiting_runs: waiting_runs as u64,
            containers: containers as u64,
            waiting_calls: (calls_without_turn + calls_without_node) as u64,
            missing: missing.collect(),
        }
    }
}

/// The name of this machine, or of the container that this process is in: who looks after them knows it by that.
pub(super) fn name() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}
