//! Documents about plugins and runs, as people read them.

mod calls;
mod comparison;
mod manifest;
mod plots;
mod plugin;

use jiff::{SignedDuration, Unit};
use serde_json::Value;
use simulay_api::wire::{Artifact, ArtifactKind, ListedArtifact, Open, PluginRef, Run, RunError};
use simulay_model::{Document, Plot, Series};

use crate::cures::cure;
use crate::terminal::{Table, one_line, range, size, spark};

pub(crate) use calls::calls;
pub(crate) use comparison::comparison;
pub(crate) use manifest::manifest;
pub(crate) use plots::{curves, plots};
pub(crate) use plugin::{disagreements, is_checking, moment, notes, plugin, reference, serving, state};

/// Inputs that are listed.
const INPUTS: usize = 10;
/// Characters that a curve takes.
const CURVE: usize = 48;

/// A run: what it is, and how it ended when it did.
pub(crate) fn run(run: &Run) -> String {
    let mut facts = Table::bare();
    facts.row(["run", &run.id.to_string()]);
    if let Some(name) = &run.name {
        facts.row(["name", name.as_str()]);
    }
    facts.row(["pipeline", &plugin_of(&run.plugin)]);
    let labels: Vec<String> = run.labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
    if !labels.is_empty() {
        facts.row(["labels", &labels.join(", ")]);
    }
    facts.row(["state", &run.state.to_string().replace('_', " ")]);
    facts.row(["seed", &run.seed.to_string()]);
    facts.row(["created", &run.created_at.to_string()]);
    for (name, at) in [("started", run.started_at), ("ended", run.ended_at)] {
        if let Some(at) = at {
            facts.row([name, &at.to_string()]);
        }
    }
    format!("{}{}", facts.text(), ending(run))
}

/// `name@version` of the plugin of a run.
pub(crate) fn plugin_of(plugin: &PluginRef) -> String {
    format!("{}@{}", plugin.name, plugin.version)
}

/// A time as people write it: `1h 20m 3s`.
pub(crate) fn time(milliseconds: u64) -> String {
    let time = SignedDuration::from_millis(i64::try_from(milliseconds).unwrap_or(i64::MAX));
    let unit = if time < SignedDuration::from_secs(10) { Unit::Millisecond } else { Unit::Second };
    format!("{:#}", time.round(unit).unwrap_or(time))
}

/// How a run ended: its outcome, or its error and what to do.
pub(crate) fn ending(run: &Run) -> String {
    match (&run.report, &run.error) {
        (Some(report), _) => format!("\noutcome\n{}", outcome(&report.outcome)),
        (None, Some(failed)) => format!("\n{}", error(failed)),
        (None, None) => String::new(),
    }
}

fn outcome(outcome: &Document) -> String {
    let fields = match outcome.value() {
        Ok(Value::Object(fields)) => fields,
        Ok(other) => return format!("{}\n", pretty(&other)),
        Err(_) => return format!("{}\n", one_line(outcome.as_str())),
    };
    let mut table = Table::bare();
    for (name, value) in &fields {
        table.row([&format!("  {name}"), &short(value)]);
    }
    table.text()
}

fn short(value: &Value) -> String {
    match value {
        Value::Array(entries) if entries.len() > 8 => {
            format!("[{} entries; --json shows them]", entries.len())
        }
        Value::String(text) if !text.contains(char::is_control) => text.clone(),
        other => other.to_string(),
    }
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}

/// An error of a run: kind, place, message, and what to do when this program knows its kind.
pub(crate) fn error(error: &RunError) -> String {
    let mut head = one_line(&error.kind.to_string());
    for (word, place) in [("in call", &error.call), ("at", &error.field)] {
        if let Some(place) = place {
            head.push_str(&format!(", {word} `{}`", one_line(place)));
        }
    }
    let cure = match error.kind {
        Open::Known(kind) => cure(kind),
        Open::Unknown(_) => "",
    };
    format!("error: {head}\n{}\n{cure}\n", error.message)
}

/// A plot as a line of text per curve.
pub(crate) fn plot(plot: &Plot) -> String {
    let mut table = Table::bare();
    for curve in &plot.ys {
        let (least, greatest) = range(&curve.values);
        let bounds = format!("{least:.4} to {greatest:.4} {}", curve.unit);
        table.row([&format!("  {}", curve.name), &spark(&curve.values, CURVE), &bounds]);
    }
    let (first, last) = range(&plot.x.values);
    let Series { name, unit, .. } = &plot.x;
    format!("\n{} ({name}: {first:.4} to {last:.4} {unit})\n{}", one_line(&plot.title), table.text())
}

/// The artifacts of a run; of many inputs, which their user knows, the first.
pub(crate) fn artifacts(artifacts: &[ListedArtifact]) -> String {
    let mut table = Table::new(["KIND", "FILE", "SIZE", "TYPE", "SHA-256"]);
    let (inputs, left): (Vec<_>, Vec<_>) =
        artifacts.iter().partition(|entry| entry.kind == ArtifactKind::Input);
    for ListedArtifact { kind, artifact, .. } in inputs.iter().take(INPUTS).chain(&left) {
        let Artifact { path, size: bytes, sha256, media_type } = artifact;
        table.row([&kind.to_string(), path.as_str(), &size(*bytes), media_type, &sha256.to_string()]);
    }
    match inputs.len().saturating_sub(INPUTS) {
        0 => table.text(),
        more => format!("{}and {more} more inputs; --json shows them\n", table.text()),
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize as _;
    use serde_json::json;
    use simulay_model::{Digest, RelativePath};

    use super::*;

    /// A run of heat@1.0.0 in `state`, with `more` fields.
    fn run_with(state: &str, more: Value) -> Run {
        let plugin = json!({ "name": "heat", "version": "1.0.0", "sha256": Digest::of(b"") });
        let mut document = json!({
            "id": "0193a6b0-0000-7000-8000-000000000000", "plugin": plugin, "state": state, "params": {},
            "inputs": [], "seed": 7, "steps": 0, "cancel_requested": false,
            "created_at": "2026-11-24T19:56:33.603262593Z",
        });
        document.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        Run::deserialize(document).unwrap()
    }

    fn with_outcome(outcome: &Value) -> Run {
        run_with("succeeded", json!({ "report": { "outcome": outcome, "plots": [], "artifacts": [] } }))
    }

    #[test]
    fn a_failed_run_tells_kind_place_and_cure() {
        let failed = json!({ "kind": "container_oom", "message": "killed", "call": "solve", "field": null });
        let text = run(&run_with("failed", json!({ "error": failed })));
        assert!(text.contains("pipeline  heat@1.0.0\n") && text.contains("created   2026-11-24T19:56:33.60"));
        assert!(
            text.contains("error: container_oom, in call `solve`\nkilled\nAsk for a smaller problem"),
            "{text}"
        );
    }

    #[test]
    fn a_run_of_a_newer_server_is_shown_with_what_it_says() {
        let failed = json!({ "kind": "novel_kind", "message": "m", "novel": 1 });
        let text = run(&run_with("set_aside", json!({ "error": failed, "novel": {} })));
        assert!(text.contains("state     set aside\n"), "{text}");
        assert!(text.ends_with("\nerror: novel_kind\nm\n\n"), "{text}");
    }

    #[test]
    fn of_many_inputs_the_first_are_listed_and_of_the_rest_all() {
        let entry = |kind, n| {
            let path = RelativePath::new(format!("{kind}{n}")).unwrap();
            let (size, sha256, media_type) = (1, Digest::of(b""), String::new());
            let artifact = Artifact { path, size, sha256, media_type };
            ListedArtifact { kind, step: None, call: None, artifact }
        };
        let inputs = (0..900).map(|n| entry(ArtifactKind::Input, n));
        let all: Vec<_> = inputs.chain((0..12).map(|n| entry(ArtifactKind::Kept, n))).collect();
        let text = artifacts(&all);
        assert_eq!(text.lines().count(), 1 + 10 + 12 + 1, "{text}");
        assert!(text.contains("kept11") && text.ends_with("and 890 more inputs; --json shows them\n"));
    }

    #[test]
    fn a_text_of_several_lines_is_told_as_json() {
        let text = ending(&with_outcome(&json!({ "stdout": "a\nb\n", "name": "x" })));
        assert_eq!(text, "\noutcome\n  stdout  \"a\\nb\\n\"\n  name    x\n");
    }

    #[test]
    fn an_outcome_cannot_forge_lines() {
        let text = run(&with_outcome(&json!({ "a\nerror: x": 1 })));
        assert!(!text.contains("\nerror"), "{text}");
    }
}
