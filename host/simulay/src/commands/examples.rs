//! Runs a plugin's worked cases and compares what comes of them with what is expected.

use anyhow::bail;
use serde_json::{Value, json};
use simulay_api::wire;
use simulay_engine::{NewRun, Selector};
use simulay_model::reference::{Comparison, compare};
use simulay_model::{Example, Plugin, Run, RunState};
use tokio_util::sync::CancellationToken;

use super::local::Local;
use crate::fault::Usage;
use crate::octave;
use crate::terminal::{Table, value};

/// Examples are the same every time they are run.
const SEED: u64 = 1;

/// An example, and what came of it.
pub(super) struct Tried {
    name: String,
    /// The run, at its end.
    pub(super) run: Run,
    comparisons: Vec<Comparison>,
    stderr: String,
}

/// The examples of a plugin; only that called `name` when one is named.
pub(super) fn chosen<'a>(plugin: &'a Plugin, name: Option<&str>) -> anyhow::Result<Vec<&'a Example>> {
    let examples = &plugin.manifest.examples;
    let Some(name) = name else { return Ok(examples.iter().collect()) };
    let found: Vec<&Example> = examples.iter().filter(|example| example.name == name).collect();
    if found.is_empty() {
        let known: Vec<&str> = examples.iter().map(|example| example.name.as_str()).collect();
        bail!(Usage(format!("--example: there is no `{name}`, but: {}", known.join(", "))));
    }
    Ok(found)
}

/// Runs `example` to its end; `stop` asks for an earlier one.
pub(super) async fn attempt(
    host: &Local,
    plugin: &Plugin,
    example: &Example,
    stop: &CancellationToken,
    quiet: bool,
) -> anyhow::Result<Tried> {
    let request =
        NewRun { seed: Some(SEED), ..NewRun::new(Selector::exactly(plugin), (&example.params).into()) };
    let run = host.follow(host.create(request).await?, stop, quiet).await?;
    let stderr = match run.error {
        Some(_) => host.last_words(&host.engine().reader.artifacts(host.principal(), run.id).await?).await?,
        None => String::new(),
    };
    let comparisons = match (&example.expect, &run.report) {
        (Some(expected), Some(report)) => compare(expected, &report.outcome.value()?, example.tolerance),
        _ => Vec::new(),
    };
    Ok(Tried { name: example.name.clone(), run, comparisons, stderr })
}

impl Tried {
    /// True when the run succeeded and gave what is expected.
    pub(super) fn agrees(&self) -> bool {
        self.run.state == RunState::Succeeded && self.comparisons.iter().all(|compared| compared.agrees)
    }

    /// What Octave complained of, when the run failed.
    pub(super) fn complaint(&self) -> Option<octave::Complaint> {
        octave::complaint(&self.stderr)
    }

    /// The same as text; the end of the standard error when it was not Octave.
    pub(super) fn last_words(&self) -> String {
        match self.complaint() {
            Some(complaint) => format!("{complaint}\n"),
            None => self.stderr.clone(),
        }
    }

    /// The same for programs.
    pub(super) fn document(&self) -> anyhow::Result<Value> {
        let comparisons: Vec<Value> = self.comparisons.iter().map(compared).collect();
        Ok(json!({
            "name": self.name,
            "agrees": self.agrees(),
            "comparisons": comparisons,
            "run": serde_json::to_value(wire::Run::from(self.run.clone()))?,
        }))
    }
}

fn compared(comparison: &Comparison) -> Value {
    let Comparison { pointer, expected, found, relative_error, agrees } = comparison;
    json!({
        "pointer": pointer, "expected": expected, "found": found,
        "relative_error": relative_error, "agrees": agrees,
    })
}

/// What was expected of each example, and what was found.
pub(super) fn table<'a>(tried: impl IntoIterator<Item = &'a Tried>) -> String {
    let mut table = Table::new(["EXAMPLE", "VALUE", "EXPECTED", "FOUND", "OFF BY", ""]);
    for one in tried {
        if one.comparisons.is_empty() {
            let verdict = if one.agrees() { "ok: it ran" } else { "FAILED" };
            table.row([&one.name, "", "", "", "", verdict]);
        }
        for Comparison { pointer, expected, found, relative_error, agrees } in &one.comparisons {
            let off = relative_error.map(|error| format!("{error:.1e}")).unwrap_or_default();
            let found = found.as_ref().map_or_else(|| String::from("nothing"), |found| value(Some(found)));
            let verdict = if *agrees { "ok" } else { "DISAGREES" };
            table.row([&one.name, pointer, &value(Some(expected)), &found, &off, verdict]);
        }
    }
    table.text()
}
