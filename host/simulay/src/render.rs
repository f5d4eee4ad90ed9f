//! Documents about plugins and runs, as people read them.

mod calls;
mod manifest;
mod plugin;

use serde_json::Value;
use simulay_api::wire::{Artifact, ArtifactKind, ListedArtifact};
use simulay_model::{ErrorKind, Plot, Series};

use crate::cures::cure;
use crate::terminal::{Table, one_line, range, size, spark, value};

pub(crate) use calls::calls;
pub(crate) use manifest::manifest;
pub(crate) use plugin::{disagreements, is_checking, moment, notes, plugin, reference, serving, state};

/// Inputs that are listed.
const INPUTS: usize = 10;
/// Characters that a curve takes.
const CURVE: usize = 48;

/// The text at a JSON Pointer; nothing when there is none.
pub(crate) fn at(document: &Value, pointer: &str) -> String {
    value(document.pointer(pointer))
}

/// The entries of a list: a bare array, or the array under `name`.
pub(crate) fn list<'a>(document: &'a Value, name: &str) -> &'a [Value] {
    let array = document.as_array().or_else(|| document.get(name).and_then(Value::as_array));
    array.map_or(&[], Vec::as_slice)
}

/// A run: what it is, and how it ended when it did.
pub(crate) fn run(run: &Value) -> String {
    let mut facts = Table::bare();
    facts.row(["run", &at(run, "/id")]);
    facts.row(["pipeline", &plugin_of(run)]);
    facts.row(["state", &at(run, "/state").replace('_', " ")]);
    for (name, pointer) in
        [("seed", "/seed"), ("created", "/created_at"), ("started", "/started_at"), ("ended", "/ended_at")]
    {
        let text = at(run, pointer);
        if !text.is_empty() {
            facts.row([name, &text]);
        }
    }
    format!("{}{}", facts.text(), ending(run))
}

/// `name@version` of the plugin of a run.
pub(crate) fn plugin_of(run: &Value) -> String {
    format!("{}@{}", at(run, "/plugin/name"), at(run, "/plugin/version"))
}

/// How a run ended: its outcome, or its error and what to do.
pub(crate) fn ending(run: &Value) -> String {
    match (run.pointer("/report/outcome"), run.get("error").filter(|error| !error.is_null())) {
        (Some(result), _) => format!("\noutcome\n{}", outcome(result)),
        (None, Some(failed)) => format!("\n{}", error(failed)),
        (None, None) => String::new(),
    }
}

fn outcome(outcome: &Value) -> String {
    let Value::Object(fields) = outcome else { return format!("{}\n", pretty(outcome)) };
    let mut table = Table::bare();
    for (name, value) in fields {
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

/// An error of a run: kind, place, message, cure.
pub(crate) fn error(error: &Value) -> String {
    let mut head = at(error, "/kind");
    for (word, pointer) in [("in call", "/call"), ("at", "/field")] {
        let place = at(error, pointer);
        if !place.is_empty() {
            head.push_str(&format!(", {word} `{}`", one_line(&place)));
        }
    }
    let kind: Option<ErrorKind> =
        error.get("kind").and_then(|kind| serde_json::from_value(kind.clone()).ok());
    let cure = kind.map(cure).unwrap_or_default();
    format!("error: {head}\n{}\n{cure}\n", at(error, "/message"))
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
    use super::*;
    use serde_json::json;
    use simulay_model::{Digest, RelativePath};

    #[test]
    fn a_failed_run_tells_kind_place_and_cure() {
        let text = run(&json!({
            "id": "x", "plugin": { "name": "heat", "version": "1.0.0" }, "state": "failed",
            "error": { "kind": "container_oom", "message": "killed", "call": "solve", "field": null },
        }));
        assert!(
            text.contains("error: container_oom, in call `solve`\nkilled\nAsk for a smaller problem"),
            "{text}"
        );
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
    fn a_kind_of_a_newer_server_is_shown_as_it_is() {
        assert!(error(&json!({ "kind": "novel", "message": "m" })).starts_with("error: novel\nm\n"));
    }

    #[test]
    fn a_text_of_several_lines_is_told_as_json() {
        let text = ending(&json!({ "report": { "outcome": { "stdout": "a\nb\n", "name": "x" } } }));
        assert_eq!(text, "\noutcome\n  stdout  \"a\\nb\\n\"\n  name    x\n");
    }

    #[test]
    fn an_outcome_cannot_forge_lines() {
        let text = run(&json!({ "state": "succeeded", "report": { "outcome": { "a\nerror: x": 1 } } }));
        assert!(!text.contains("\nerror"), "{text}");
    }
}
