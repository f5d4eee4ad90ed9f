//! The examples of a plugin as a gate: they are runs like any other, and the version is activated
//! once all of them gave what they expect. What is under way is in the store, so that a check goes
//! on after a crash.

use std::time::Duration;

use semver::Version;
use simulay_model::reference::{Comparison, compare};
use simulay_model::{
    Chain, Disagreement, Example, Grant, Manifest, OwnerFilter, Plugin, PluginChange, PluginName, Principal,
    Run, RunId, RunState, UnfinishedRun,
};
use simulay_signals::{Heard, Signal, Topic};
use simulay_store::StoreError;

use super::Catalog;
use crate::{CreateError, EngineError, NewRun, Selector, accept};

/// Examples give the same each time they are run.
const SEED: u64 = 1;
const PAUSE: Duration = Duration::from_secs(1);
/// Between two looks of who waits for a check.
const LOOK: Duration = Duration::from_secs(5);
/// Between two looks for checks of a process that is no more.
const CHECKS_PERIOD: Duration = Duration::from_secs(15);
/// Longer than any run.
const LONG: Duration = Duration::from_secs(365 * 24 * 3600);

impl Catalog {
    /// The record once no check of it is at work, or as it is after `time`.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is none.
    pub async fn checked(
        &self,
        principal: &Principal,
        name: &PluginName,
        version: &Version,
        time: Duration,
    ) -> Result<Plugin, EngineError> {
        let subscribe = || self.shared.parts.signals.subscribe(Topic::Plugin(name.clone()));
        let mut changes = subscribe();
        let over = async {
            loop {
                changes.forget();
                let plugin = self.known(principal, name, version).await?;
                if !plugin.life().is_checking() {
                    return Ok(plugin);
                }
                // Whoever hears of nothing looks by himself: a signal may be lost.
                if tokio::time::timeout(LOOK, changes.next()).await == Ok(Heard::Closed) {
                    tokio::time::sleep(LOOK).await;
                    changes = subscribe();
                }
            }
        };
        match tokio::time::timeout(time, over).await {
            Ok(plugin) => plugin,
            Err(_) => self.known(principal, name, version).await,
        }
    }

    /// Takes up the checks that an earlier life of the host began, or a process that is no more. Two that see one check
    /// through do no harm: its runs have names of their own, and its end is stored once.
    pub(crate) async fn take_up_checks(&self) -> Result<(), EngineError> {
        let plugins = self.shared.parts.plugins.checking().await?;
        plugins.into_iter().for_each(|plugin| self.spawn_check(plugin));
        Ok(())
    }

    /// Takes up checks every now and then.
    pub(crate) async fn take_up_checks_forever(self) {
        loop {
            tokio::time::sleep(CHECKS_PERIOD).await;
            if let Err(error) = self.take_up_checks().await {
                tracing::warn!(error = %Chain(&error), "checks of plugins are not looked for");
            }
        }
    }

    /// The examples of `plugin` are to be run.
    pub(super) fn check_begun(&self, plugin: &Plugin, grant: Grant) -> PluginChange {
        let runs = plugin.manifest.examples.iter().map(|_| self.shared.parts.entropy.run_id()).collect();
        PluginChange::CheckBegun { grant, runs }
    }

    /// Refuses to run the examples of `plugin` when there is no room for all of them.
    pub(super) async fn check_capacity(&self, plugin: &Plugin) -> Result<(), CreateError> {
        if self.shared.shutdown.is_cancelled() {
            return Err(CreateError::Draining);
        }
        let most = self.shared.settings.max_unfinished_runs;
        let (runs, examples) = (&self.shared.parts.runs, plugin.manifest.examples.len());
        if runs.count_unfinished(&OwnerFilter::Any, most).await?.saturating_add(examples) > most {
            return Err(CreateError::QueueFull(most));
        }
        let now = self.shared.parts.clock.now();
        if examples > 0 {
            self.shared.quotas.admit_runs(&plugin.owner, examples as u64, now).await?;
        }
        Ok(())
    }

    pub(super) fn spawn_check(&self, plugin: Plugin) {
        if !self.checking.lock().insert(plugin.reference()) {
            return;
        }
        let (catalog, shutdown) = (self.clone(), self.shared.shutdown.clone());
        self.shared.tasks.spawn(shutdown.run_until_cancelled_owned(async move {
            catalog.check_until_stored(&plugin).await;
            catalog.checking.lock().remove(&plugin.reference());
        }));
    }

    async fn check_until_stored(&self, plugin: &Plugin) {
        let (backoff, entropy) = (self.shared.settings.backoff, &*self.shared.parts.entropy);
        for failures in 0.. {
            let Err(error) = self.check(plugin).await else { return };
            tracing::error!(plugin = %plugin.reference(), error = %Chain(&error), "the check waits for the store");
            tokio::time::sleep(backoff.pause(failures, entropy)).await;
        }
    }

    async fn check(&self, plugin: &Plugin) -> Result<(), EngineError> {
        let Some(begun) = plugin.check.clone() else { return Ok(()) };
        let host = host_for(plugin);
        let cases: Vec<_> = plugin.manifest.examples.iter().zip(&begun.runs).collect();
        for (example, id) in &cases {
            self.ensure(&host, plugin, example, **id).await?;
        }
        let mut disagreements = Vec::new();
        for (example, id) in cases {
            disagreements.extend(judge(example, &self.ended(&host, *id).await?));
        }
        let Manifest { name, version, .. } = &plugin.manifest;
        let ended = PluginChange::CheckEnded { begun, disagreements };
        self.change(&host, name, version, ended).await.map(drop)
    }

    /// Starts the run of an example, when an earlier life of the host did not.
    async fn ensure(
        &self,
        host: &Principal,
        plugin: &Plugin,
        example: &Example,
        id: RunId,
    ) -> Result<(), EngineError> {
        let (parts, visible) = (&self.shared.parts, host.visible());
        if parts.runs.summary(&visible, id).await?.is_some() {
            return Ok(());
        }
        let new = NewRun {
            seed: Some(SEED),
            // A gate that looks at earlier results looks at nothing.
            reuse: false,
            ..NewRun::new(Selector::exactly(plugin), (&example.params).into())
        };
        // A manifest whose examples break its schema was refused at upload.
        let permit = self.shared.limits.check().await?;
        let request = accept::request(parts, &visible, plugin, &new, permit).await;
        let request = request.map_err(|error| match error {
            CreateError::Engine(error) => error,
            other => StoreError::Corrupt(other.into()).into(),
        })?;
        let run = Run { id, ..accept::run(parts, &host.account, plugin, &new, request) };
        let queued = UnfinishedRun::from(&run);
        // All of them were held against the quotas of the owner when the check began.
        match parts.runs.create(run, None).await {
            Ok(()) => parts.signals.publish(Signal::RunQueued(queued)),
            // Another process sees the same check through.
            Err(StoreError::RunExists) => {}
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    async fn ended(&self, host: &Principal, id: RunId) -> Result<Run, EngineError> {
        loop {
            let run = self.reader.wait(host, id, LONG).await?.ok_or(StoreError::NotFound)?;
            if run.state.is_end() {
                return Ok(run);
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}

/// The host, at work for whoever owns the plugin.
fn host_for(plugin: &Plugin) -> Principal {
    Principal { account: plugin.owner.clone(), ..Principal::local("host") }
}

/// Where `run` did not give what `example` expects.
fn judge(example: &Example, run: &Run) -> Vec<Disagreement> {
    let Some(report) = run.report.as_ref().filter(|_| run.state == RunState::Succeeded) else {
        return vec![not_succeeded(example, run)];
    };
    let Some(expected) = &example.expect else { return Vec::new() };
    // It was held against its schema before it was stored.
    let outcome = report.outcome.value().unwrap_or_default();
    let compared = compare(expected, &outcome, example.tolerance).into_iter();
    compared.filter(|one| !one.agrees).map(|one| disagreement(example, run.id, one)).collect()
}

fn not_succeeded(example: &Example, run: &Run) -> Disagreement {
    let why = run.error.as_ref().map(|error| format!(": {}", error.message)).unwrap_or_default();
    Disagreement {
        example: example.name.clone(),
        run: run.id,
        pointer: String::new(),
        expected: example.expect.clone().unwrap_or_default(),
        found: None,
        relative_error: None,
        message: format!("example `{}`: its run {}{why}", example.name, run.state.as_str()),
    }
}

fn disagreement(example: &Example, run: RunId, one: Comparison) -> Disagreement {
    let found = one.found.as_ref().map_or_else(|| String::from("nothing"), ToString::to_string);
    let off = one.relative_error.map(|error| format!(", off by {error:.2e}")).unwrap_or_default();
    let message = format!(
        "example `{}`, `{}`: expected {} within {:e}, found {found}{off}",
        example.name, one.pointer, one.expected, example.tolerance
    );
    Disagreement {
        example: example.name.clone(),
        run,
        pointer: one.pointer,
        expected: one.expected,
        found: one.found,
        relative_error: one.relative_error,
        message,
    }
}
