//! All parts of the engine in one process.

use std::sync::Arc;

use simulay_containers::NodeStatus;
use simulay_model::{Chain, RunnerStatus};

use crate::accounts::Accounts;
use crate::audit::AuditLog;
use crate::catalog::Catalog;
use crate::intake::Intake;
use crate::links::Links;
use crate::overview::Overview;
use crate::reader::Reader;
use crate::runner::Runner;
use crate::sessions::Sessions;
use crate::shared::Shared;
use crate::sweeps::Sweeps;
use crate::{
    AccountQuotas, ClockJump, EngineError, Lack, Meter, Parts, RetentionPorts, Settings, Stats, upkeep,
};

/// All parts of the engine in one process. Cheap to clone.
#[derive(Clone)]
pub struct Engine {
    /// Takes runs and inputs in.
    pub intake: Intake,
    /// Plugins and their lives.
    pub catalog: Catalog,
    /// Sweeps of runs.
    pub sweeps: Sweeps,
    /// What there is to know of runs.
    pub reader: Reader,
    /// What is found among runs.
    pub overview: Overview,
    /// Works on runs.
    pub runner: Runner,
    /// Who may ask.
    pub accounts: Accounts,
    /// Signs people in and out.
    pub sessions: Sessions,
    /// What was done, and by whom.
    pub audit: AuditLog,
    /// Links to runs.
    pub links: Links,
    /// What each may use.
    pub quotas: AccountQuotas,
    /// What each uses.
    pub meter: Meter,
    shared: Arc<Shared>,
}

impl Engine {
    /// An engine over `parts`; [`Engine::recover`] comes before the first request. With `kept`, it leaves
    /// some room and lets go of what is old.
    #[must_use]
    pub fn new(parts: Parts, settings: Settings, kept: Option<RetentionPorts>) -> Self {
        let shared = Shared::new(parts, settings, kept);
        let reader = Reader::new(shared.clone());
        let accounts = Accounts::new(shared.parts.accounts.clone(), shared.parts.clock.clone());
        let intake = Intake::new(shared.clone());
        Self {
            sweeps: Sweeps::new(shared.clone(), intake.clone()),
            intake,
            catalog: Catalog::new(shared.clone(), reader.clone()),
            reader,
            overview: Overview::new(shared.clone()),
            runner: Runner::new(shared.clone()),
            sessions: Sessions::new(accounts.clone(), &shared.parts, &shared.settings),
            accounts,
            audit: shared.audit.clone(),
            links: Links::new(shared.parts.clone()),
            quotas: shared.quotas.clone(),
            meter: Meter::new(shared.clone()),
            shared,
        }
    }

    /// Takes up what an earlier life of the host left: runs, and checks of plugins. Gives the number of
    /// runs taken up.
    ///
    /// # Errors
    /// When the store does not answer; Docker may be absent.
    pub async fn recover(&self) -> Result<usize, EngineError> {
        let unfinished = self.runner.start().await?;
        self.catalog.take_up_checks().await?;
        self.until_shutdown(self.catalog.clone().take_up_checks_forever());
        self.attend();
        Ok(unfinished)
    }

    /// Does what each process looks after that takes requests, though others work on the runs.
    pub fn attend(&self) {
        self.until_shutdown(self.audit.clone().tell_forever());
        let Shared { parts, kept, last_jump, .. } = &*self.shared;
        self.until_shutdown(upkeep::watch_time(parts.clock.clone(), kept.clone(), last_jump.clone()));
    }

    fn until_shutdown(&self, work: impl Future<Output = ()> + Send + 'static) {
        self.shared.tasks.spawn(self.shared.shutdown.clone().run_until_cancelled_owned(work));
    }

    /// What keeps the engine from working or slows it down; empty when nothing does.
    pub async fn readiness(&self) -> Vec<Lack> {
        self.shared.lacks().await
    }

    /// The machines that containers run on, as they said last; none when nobody answers.
    pub async fn nodes(&self) -> Vec<NodeStatus> {
        match self.shared.parts.containers.node().await {
            Ok(node) => node.machines(),
            Err(error) => {
                tracing::info!(error = %Chain(&error), "nobody tells of the nodes");
                Vec::new()
            }
        }
    }

    /// The processes that work on runs, where others do.
    pub async fn runners(&self) -> Vec<RunnerStatus> {
        match &self.shared.parts.runners {
            Some(runners) => runners.statuses().await,
            None => Vec::new(),
        }
    }

    /// The last time that the clock of the machine jumped, since the host started.
    #[must_use]
    pub fn clock_jump(&self) -> Option<ClockJump> {
        self.shared.last_jump.get()
    }

    /// What is going on.
    #[must_use]
    pub fn stats(&self) -> Stats {
        let (active_runs, containers) = self.shared.limits.taken();
        let (leases_won, leases_lost) = self.shared.races.counts();
        Stats {
            unfinished_runs: self.runner.unfinished(),
            waiting_runs: self.runner.waiting(),
            active_runs,
            containers,
            calls_without_turn: self.shared.limits.containers_waiting(),
            calls_without_node: self.shared.parts.containers.waiting(),
            leases_won,
            leases_lost,
        }
    }

    /// Accepts no more runs and waits for those at work as long as the settings say. Then lets go of
    /// them; their containers go on and are adopted at the next start.
    pub async fn shutdown(&self) {
        self.shared.shutdown.cancel();
        self.shared.tasks.close();
        let drained = self.shared.tasks.wait();
        if tokio::time::timeout(self.shared.settings.drain, drained).await.is_err() {
            tracing::info!("letting go of the runs at work");
        }
        self.shared.letting_go.cancel();
        self.shared.tasks.wait().await;
        self.shared.parts.containers.close().await;
        self.shared.parts.signals.flush().await;
    }
}
