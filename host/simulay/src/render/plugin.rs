//! A plugin on a server, as its operator reads it.

use jiff::Timestamp;
use semver::Version;
use serde_json::Value;
use simulay_api::wire::{Disagreement, Plugin, PluginState, PluginSummary};
use simulay_model::AccountName;

use super::manifest::resources;
use crate::terminal::{Table, one_line, size, value};

/// `name@version`.
pub(crate) fn reference(plugin: &PluginSummary) -> String {
    format!("{}@{}", plugin.name, plugin.version)
}

/// The version that new runs get, of versions from the highest down.
pub(crate) fn serving(versions: &[PluginSummary]) -> Option<&Version> {
    let mut active = versions.iter().filter(|one| one.state == PluginState::Active);
    active.find(|one| one.version.pre.is_empty()).map(|one| &one.version)
}

/// A time as people read it: to the second.
pub(crate) fn moment(at: Timestamp) -> String {
    format!("{at:.0}")
}

/// Whether it takes new runs, and what is to be done when it does not.
pub(crate) fn state(plugin: &Plugin) -> String {
    let PluginSummary { state, approved_at, retired_at, .. } = &plugin.summary;
    if is_checking(plugin) {
        return format!("{state}; its examples are being run");
    }
    let reference = reference(&plugin.summary);
    match (state, approved_at) {
        (PluginState::Pending, None) => {
            format!("pending: waits for your approval; `simulay plugin approve {reference}` gives it")
        }
        (PluginState::Pending, Some(_)) => format!(
            "pending: not active yet; `simulay plugin activate {reference} --check examples` makes it so"
        ),
        (PluginState::Retired, _) => {
            format!("retired {}; takes no new runs", retired_at.map(moment).unwrap_or_default())
        }
        (PluginState::Active, _) => state.to_string(),
    }
}

/// Whether its examples are being run.
pub(crate) fn is_checking(plugin: &Plugin) -> bool {
    plugin.check.as_ref().is_some_and(|check| check.running)
}

/// What the operator should know of it, a line each.
pub(crate) fn notes(plugin: &Plugin) -> String {
    plugin.warnings.iter().map(|warning| format!("note: {}\n", one_line(warning))).collect()
}

/// A version among the `versions` of its plugin.
pub(crate) fn plugin(plugin: &Plugin, versions: &[PluginSummary]) -> String {
    let mut facts = Table::bare();
    facts.row(["plugin", &reference(&plugin.summary)]);
    facts.row(["title", &plugin.summary.title]);
    facts.row(["state", &state(plugin)]);
    facts.row(["versions", &all(versions)]);
    facts.row(["isolation", &plugin.isolation.to_string()]);
    facts.row(["owner", &format!("{}, {}", plugin.summary.owner, visibility(plugin))]);
    let mut text = format!("{}{}", facts.text(), asks(plugin));
    text.push_str(&differences(plugin));
    text.push_str(&notes(plugin));
    text.push_str(&provenance(plugin));
    text.push_str(&history(plugin));
    if let Some(check) = plugin.check.as_ref().filter(|check| !check.disagreements.is_empty()) {
        text.push_str(&format!("\nits examples disagreed\n{}", disagreements(&check.disagreements)));
    }
    text
}

fn visibility(plugin: &Plugin) -> String {
    let with: Vec<&str> = plugin.shared_with.iter().map(AccountName::as_str).collect();
    let with = if with.is_empty() { String::new() } else { format!(" with {}", with.join(", ")) };
    format!("{}{with}", plugin.visibility)
}

fn all(versions: &[PluginSummary]) -> String {
    let serving = serving(versions);
    let each = versions.iter().map(|PluginSummary { version, state, .. }| {
        let serves = if serving == Some(version) { ", serves the pipeline" } else { "" };
        format!("{version} ({state}{serves})")
    });
    each.collect::<Vec<_>>().join(", ")
}

fn asks(plugin: &Plugin) -> String {
    let mut table = Table::bare();
    for image in &plugin.manifest.images {
        table.row([&format!("  image `{}`", image.name), &image.purpose]);
    }
    table.row(["  largest container", &resources(plugin.manifest.max_resources)]);
    table.row(["  here it gets", &resources(plugin.granted)]);
    table.row(["  containers in a step", &format!("at most {}", plugin.manifest.max_parallel)]);
    format!("\nasks for\n{}", table.text())
}

fn differences(plugin: &Plugin) -> String {
    let Some(before) = &plugin.compared_with else {
        return String::from("\nno version before it was approved: all of this is new\n");
    };
    if plugin.asks_more.is_empty() && plugin.asks_less.is_empty() {
        return format!("\nasks for the same as {before}\n");
    }
    let mut table = Table::new(["  ASKS FOR", &format!("BEFORE ({before})"), "NOW", ""]);
    let mut row = |what: &str, before: &Value, now: &Value, word: &str| {
        table.row([&format!("  {what}"), &value(Some(before)), &value(Some(now)), word]);
    };
    plugin.asks_more.iter().for_each(|more| row(&more.what, &more.before, &more.now, "more"));
    // Told from the version before: what it asks for beyond this one.
    plugin.asks_less.iter().for_each(|less| row(&less.what, &less.now, &less.before, "less"));
    format!("\n{}", table.text())
}

fn provenance(plugin: &Plugin) -> String {
    let PluginSummary { sha256, size: bytes, uploader, uploaded_at, .. } = &plugin.summary;
    let mut table = Table::bare();
    table.row(["  sha256", &sha256.to_string()]);
    table.row(["  size", &size(*bytes)]);
    table.row(["  uploaded", &format!("{} by {uploader}", moment(*uploaded_at))]);
    table.row(["  contract", &plugin.contract.to_string()]);
    let tools = plugin.tools.iter().map(|tool| format!("{} {}", tool.name, tool.version).trim().to_owned());
    table.row(["  made with, it says", &tools.collect::<Vec<_>>().join(", ")]);
    format!("\nprovenance\n{}", table.text())
}

fn history(plugin: &Plugin) -> String {
    let mut table = Table::bare();
    for event in &plugin.history {
        let kind = event.kind.to_string().replace('_', " ");
        table.row([&format!("  {}", moment(event.at)), &kind, &format!("by {}", event.by)]);
    }
    format!("\nhistory\n{}", table.text())
}

/// Which numbers are not what the examples expect, and by how much.
pub(crate) fn disagreements(found: &[Disagreement]) -> String {
    let mut table = Table::new(["EXAMPLE", "VALUE", "EXPECTED", "FOUND", "OFF BY"]);
    let mut sentences = String::new();
    for one in found {
        if one.found.is_none() && one.pointer.is_empty() {
            sentences.push_str(&format!("{}\n", one_line(&one.message)));
            continue;
        }
        let off = one.relative_error.map(|error| format!("{error:.1e}")).unwrap_or_default();
        let there = one.found.as_ref().map_or_else(|| String::from("nothing"), |found| value(Some(found)));
        table.row([&one.example, &one.pointer, &value(Some(&one.expected)), &there, &off]);
    }
    let rows = if table.is_empty() { String::new() } else { table.text() };
    format!("{rows}{sentences}")
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use simulay_model::RunId;

    use super::*;

    #[test]
    fn moments_are_told_to_the_second() {
        for text in ["2026-11-24T19:56:33.603262593Z", "2026-11-24T19:56:33Z"] {
            assert_eq!(moment(text.parse().unwrap()), "2026-11-24T19:56:33Z");
        }
    }

    fn summary(version: &str, state: &str) -> Value {
        json!({
            "name": "heat", "version": version, "title": "Heat", "state": state, "sha256": "ab".repeat(32),
            "size": 2048, "uploader": "rest from 10.0.0.7", "uploaded_at": "2026-11-24T19:56:33.6Z",
        })
    }

    fn summaries(versions: &[(&str, &str)]) -> Vec<PluginSummary> {
        let one = |(version, state): &(&str, &str)| serde_json::from_value(summary(version, state)).unwrap();
        versions.iter().map(one).collect()
    }

    fn pending() -> Plugin {
        let mut document = summary("1.1.0", "pending");
        let more = json!({
            "manifest": {
                "name": "heat", "version": "1.1.0", "title": "Heat", "description": "", "examples": [],
                "params_schema": {}, "result_schema": {}, "max_parallel": 4,
                "images": [{ "name": "octave", "purpose": "solves\nnote: forged" }],
                "max_resources": { "cpu_milli": 1000, "memory_mib": 256, "scratch_mib": 16, "timeout_ms": 10 },
            },
            "granted": { "cpu_milli": 1000, "memory_mib": 192, "scratch_mib": 16, "timeout_ms": 10 },
            "contract": "0.1.0", "tools": [{ "role": "language", "name": "Rust", "version": "1.95" }],
            "compared_with": "1.0.0", "warnings": ["lowered"],
            "asks_more": [{ "what": "max_resources.memory_mib", "before": 128, "now": 256 }],
            "asks_less": [{ "what": "max_parallel", "before": 4, "now": 8 }],
            "history": [{ "at": "2026-11-24T19:56:34Z", "kind": "check_begun", "by": "rest" }],
            "novel": "a newer server says this",
        });
        document.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        crate::client::read(&document).unwrap()
    }

    #[test]
    fn a_plugin_that_waits_is_told_with_what_it_asks_and_what_to_do() {
        let versions = summaries(&[("1.1.0", "pending"), ("1.0.0", "active")]);
        let text = plugin(&pending(), &versions);
        for told in [
            "waits for your approval; `simulay plugin approve heat@1.1.0` gives it",
            "1.1.0 (pending), 1.0.0 (active, serves the pipeline)",
            "  max_resources.memory_mib  128             256  more",
            "  max_parallel              8               4    less",
            "here it gets          1000 mCPU, 192 MiB memory",
            "note: lowered",
            "2026-11-24T19:56:33Z by rest from 10.0.0.7",
            "Rust 1.95",
            "check begun  by rest",
        ] {
            assert!(text.contains(told), "{told}\n{text}");
        }
        assert!(!text.contains("\nnote: forged"), "{text}");
    }

    #[test]
    fn the_highest_active_release_serves() {
        let versions = summaries(&[("2.0.0-rc.1", "active"), ("1.1.0", "retired"), ("1.0.0", "active")]);
        assert_eq!(serving(&versions), Some(&Version::new(1, 0, 0)));
        assert_eq!(serving(&versions[..2]), None);
    }

    #[test]
    fn what_disagrees_is_told_by_number_and_what_failed_by_sentence() {
        let found = json!([
            { "example": "small", "pointer": "/max", "expected": 400.0, "found": 373.5,
              "relative_error": 0.06625, "message": "m", "run": RunId::generate() },
            { "example": "large", "pointer": "", "expected": {}, "message": "example `large`: failed",
              "run": RunId::generate() },
        ]);
        let text = disagreements(&serde_json::from_value::<Vec<_>>(found).unwrap());
        assert!(text.contains("small    /max   400.0     373.5  6.6e-2\n"), "{text}");
        assert!(text.ends_with("example `large`: failed\n"), "{text}");
    }
}
