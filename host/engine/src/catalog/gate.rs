//! The examples of a plugin as a gate: they are runs like any other, and the version is activated
//! once all of them gave what they expect. What is under way is in the store, so that a check goes
//! on after a crash.

use std::time::Duration;

use semver::Version;
use simulay_model::reference::{Comparison, compare};
use simulay_model::{
    Check, Disagreement, Example, Plugin, PluginEventKind as Kind, PluginName, PluginState, Run, RunId,
    RunState,
};
use simulay_signals::{Signal, Topic};
use simulay_store::StoreError;

use super::Catalog;
use crate::{CreateError, LifeError, NewRun, Selector, accept};

/// Examples give the same each time they are run.
const SEED: u64 = 1;
const PAUSE: Duration = Duration::from_secs(1);
/// Between two looks of who waits for a check.
const LOOK: Duration = Duration::from_secs(5);
/// Longer than any run.
const LONG: Duration = Duration::from_secs(365 * 24 * 3600);

impl Catalog {
    /// The record once no check of it is at work, or as it is after `time`.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is none.
    pub async fn checked(
        &self,
        name: &PluginName,
        version: &Version,
        time: Duration,
    ) -> Result<Plugin, StoreError> {
        let mut changes = self.shared.parts.signals.subscribe(Topic::Plugin(name.clone()));
        let over = async {
            loop {
                changes.forget();
                let plugin = self.known(name, version).await?;
                if !is_checking(&plugin) {
                    return Ok(plugin);
                }
                // Whoever hears of nothing looks by himself: a signal may be lost.
                let _ = tokio::time::timeout(LOOK, changes.next()).await;
            }
        };
        match tokio::time::timeout(time, over).await {
            Ok(plugin) => plugin,
            Err(_) => self.known(name, version).await,
        }
    }

    /// Takes up the checks that an earlier life of the host began.
    pub(crate) async fn take_up_checks(&self) -> Result<(), StoreError> {
        let plugins = self.shared.parts.plugins.checking().await?;
        plugins.into_iter().for_each(|plugin| self.spawn_check(plugin));
        Ok(())
    }

    /// Stores that a check is at work and starts it; one that is at work already goes on.
    pub(super) async fn begin_check(&self, plugin: Plugin, by: &str) -> Result<Plugin, LifeError> {
        if is_checking(&plugin) {
            return Ok(plugin);
        }
        if self.shared.shutdown.is_cancelled() {
            return Err(CreateError::Draining.into());
        }
        let examples = &plugin.manifest.examples;
        let most = self.shared.settings.max_unfinished_runs;
        let unfinished = self.shared.parts.runs.count_unfinished(most).await?;
        if unfinished.saturating_add(examples.len()) > most {
            return Err(CreateError::QueueFull(most).into());
        }
        let now = self.shared.parts.clock.now();
        let runs = examples.iter().map(|_| self.shared.parts.entropy.run_id()).collect();
        let check = Some(Check { begun_at: now, runs, disagreements: None });
        let approved = plugin.approved_at.is_none().then_some(Kind::Approved);
        let kinds: Vec<Kind> = approved.into_iter().chain([Kind::CheckBegun]).collect();
        let approved_at = plugin.approved_at.or(Some(now));
        let plugin = self.store(Plugin { check, approved_at, ..plugin }, &kinds, by).await?;
        self.spawn_check(plugin.clone());
        Ok(plugin)
    }

    fn spawn_check(&self, plugin: Plugin) {
        let (catalog, shutdown) = (self.clone(), self.shared.shutdown.clone());
        self.shared.tasks.spawn(shutdown.run_until_cancelled_owned(async move {
            while let Err(error) = catalog.check(&plugin).await {
                tracing::error!(plugin = %plugin.reference(), %error, "the check waits for the store");
                tokio::time::sleep(PAUSE).await;
            }
        }));
    }

    async fn check(&self, plugin: &Plugin) -> Result<(), StoreError> {
        let runs = plugin.check.as_ref().map(|check| check.runs.clone()).unwrap_or_default();
        let cases: Vec<_> = plugin.manifest.examples.iter().zip(&runs).collect();
        for (example, id) in &cases {
            self.ensure(plugin, example, **id).await?;
        }
        let mut disagreements = Vec::new();
        for (example, id) in cases {
            disagreements.extend(judge(example, &self.ended(*id).await?));
        }
        self.end_check(plugin, &runs, disagreements).await
    }

    /// Starts the run of an example, when an earlier life of the host did not.
    async fn ensure(&self, plugin: &Plugin, example: &Example, id: RunId) -> Result<(), StoreError> {
        if self.shared.parts.runs.summary(id).await?.is_some() {
            return Ok(());
        }
        let new = NewRun {
            pipeline: Selector::exactly(plugin),
            params: (&example.params).into(),
            inputs: Vec::new(),
            seed: Some(SEED),
            retries: 0,
        };
        // A manifest whose examples break its schema was refused at upload.
        let place = self.shared.limits.check().await?;
        let request =
            accept::request(&self.shared.parts, plugin, &new, place).await.map_err(|error| match error {
                CreateError::Store(error) => error,
                other => StoreError::Corrupt(other.to_string()),
            })?;
        let run = Run { id, ..accept::run(&self.shared.parts, plugin, &new, request) };
        self.shared.parts.runs.create(run, None).await?;
        let pipeline = plugin.manifest.name.clone();
        self.shared.parts.signals.publish(Signal::RunQueued { run: id, pipeline });
        Ok(())
    }

    async fn ended(&self, id: RunId) -> Result<Run, StoreError> {
        loop {
            let run = self.reader.wait(id, LONG).await?.ok_or(StoreError::NotFound)?;
            if run.state.is_end() {
                return Ok(run);
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Stores what came of the check, unless something else happened to the plugin meanwhile.
    async fn end_check(
        &self,
        checked: &Plugin,
        runs: &[RunId],
        disagreements: Vec<Disagreement>,
    ) -> Result<(), StoreError> {
        let _turn = self.turn.lock().await;
        let plugin = self.known(&checked.manifest.name, &checked.manifest.version).await?;
        let Some(check) = plugin.check.clone().filter(|check| check.runs == runs) else { return Ok(()) };
        if !is_checking(&plugin) {
            return Ok(());
        }
        let agreed = disagreements.is_empty();
        let check = Some(Check { disagreements: Some(disagreements), ..check });
        if !agreed {
            return self.store(Plugin { check, ..plugin }, &[Kind::CheckDisagreed], HOST).await.map(drop);
        }
        // In one transaction, so that whoever sees that it agreed finds it active.
        let activated = (plugin.state != PluginState::Active).then_some(Kind::Activated);
        let kinds: Vec<Kind> = [Kind::CheckAgreed].into_iter().chain(activated).collect();
        let active = Plugin { check, state: PluginState::Active, retired_at: None, ..plugin };
        self.store(active, &kinds, HOST).await.map(drop)
    }
}

/// Who ends a check.
const HOST: &str = "host";

fn is_checking(plugin: &Plugin) -> bool {
    plugin.check.as_ref().is_some_and(Check::is_running)
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
