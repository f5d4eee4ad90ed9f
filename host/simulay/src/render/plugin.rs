//! A plugin on a server, as its operator reads it.

use semver::Version;
use serde_json::Value;

use super::manifest::resources;
use super::{at, list};
use crate::terminal::{Table, one_line, size};

/// `name@version`.
pub(crate) fn reference(plugin: &Value) -> String {
    format!("{}@{}", at(plugin, "/name"), at(plugin, "/version"))
}

/// The version that new runs get, of versions from the highest down.
pub(crate) fn serving(versions: &[Value]) -> Option<String> {
    let is_release = |text: &str| text.parse().is_ok_and(|version: Version| version.pre.is_empty());
    let active = versions.iter().filter(|one| at(one, "/state") == "active");
    active.map(|one| at(one, "/version")).find(|version| is_release(version))
}

/// A time as people read it: to the second.
pub(crate) fn moment(document: &Value, pointer: &str) -> String {
    let text = at(document, pointer);
    text.split_once('.').map_or_else(|| text.clone(), |(seconds, _)| format!("{seconds}Z"))
}

/// Whether it takes new runs, and what is to be done when it does not.
pub(crate) fn state(plugin: &Value) -> String {
    let (state, reference) = (at(plugin, "/state"), reference(plugin));
    if is_checking(plugin) {
        return format!("{state}; its examples are being run");
    }
    match (state.as_str(), at(plugin, "/approved_at").is_empty()) {
        ("pending", true) => {
            format!("pending: waits for your approval; `simulay plugin approve {reference}` gives it")
        }
        ("pending", false) => format!(
            "pending: not active yet; `simulay plugin activate {reference} --check examples` makes it so"
        ),
        ("retired", _) => format!("retired {}; takes no new runs", moment(plugin, "/retired_at")),
        _ => state,
    }
}

/// Whether its examples are being run.
pub(crate) fn is_checking(plugin: &Value) -> bool {
    plugin.pointer("/check/running") == Some(&Value::Bool(true))
}

/// What its check tells of, e.g. `disagreements`.
pub(crate) fn of_check<'a>(plugin: &'a Value, name: &str) -> &'a [Value] {
    list(plugin.get("check").unwrap_or(&Value::Null), name)
}

/// What the operator should know of it, a line each.
pub(crate) fn notes(plugin: &Value) -> String {
    let note = |warning: &Value| format!("note: {}\n", one_line(warning.as_str().unwrap_or_default()));
    list(plugin, "warnings").iter().map(note).collect()
}

/// A version among the `versions` of its plugin.
pub(crate) fn plugin(plugin: &Value, versions: &[Value]) -> String {
    let mut facts = Table::bare();
    facts.row(["plugin", &reference(plugin)]);
    facts.row(["title", &at(plugin, "/title")]);
    facts.row(["state", &state(plugin)]);
    facts.row(["versions", &all(versions)]);
    let mut text = format!("{}{}", facts.text(), asks(plugin));
    text.push_str(&differences(plugin));
    text.push_str(&notes(plugin));
    text.push_str(&provenance(plugin));
    text.push_str(&history(plugin));
    let disagreeing = of_check(plugin, "disagreements");
    if !disagreeing.is_empty() {
        text.push_str(&format!("\nits examples disagreed\n{}", disagreements(disagreeing)));
    }
    text
}

fn all(versions: &[Value]) -> String {
    let serving = serving(versions);
    let each = versions.iter().map(|one| {
        let version = at(one, "/version");
        let serves = if serving.as_ref() == Some(&version) { ", serves the pipeline" } else { "" };
        format!("{version} ({}{serves})", at(one, "/state"))
    });
    each.collect::<Vec<_>>().join(", ")
}

fn asks(plugin: &Value) -> String {
    let mut table = Table::bare();
    for image in list(plugin.pointer("/manifest").unwrap_or(&Value::Null), "images") {
        table.row([&format!("  image `{}`", at(image, "/name")), &at(image, "/purpose")]);
    }
    table.row(["  largest container", &resources(plugin, "/manifest/max_resources")]);
    table.row(["  here it gets", &resources(plugin, "/granted")]);
    table.row(["  containers in a step", &format!("at most {}", at(plugin, "/manifest/max_parallel"))]);
    format!("\nasks for\n{}", table.text())
}

fn differences(plugin: &Value) -> String {
    let before = at(plugin, "/compared_with");
    if before.is_empty() {
        return String::from("\nno version before it was approved: all of this is new\n");
    }
    let [more, less] = ["asks_more", "asks_less"].map(|field| list(plugin, field));
    if more.is_empty() && less.is_empty() {
        return format!("\nasks for the same as {before}\n");
    }
    let mut table = Table::new(["  ASKS FOR", &format!("BEFORE ({before})"), "NOW", ""]);
    for (rows, word, [from, to]) in [(more, "more", ["/before", "/now"]), (less, "less", ["/now", "/before"])]
    {
        for row in rows {
            table.row([&format!("  {}", at(row, "/what")), &at(row, from), &at(row, to), word]);
        }
    }
    format!("\n{}", table.text())
}

fn provenance(plugin: &Value) -> String {
    let mut table = Table::bare();
    let bytes = plugin.get("size").and_then(Value::as_u64).map(size).unwrap_or_default();
    table.row(["  sha256", &at(plugin, "/sha256")]);
    table.row(["  size", &bytes]);
    table.row(["  uploaded", &format!("{} by {}", moment(plugin, "/uploaded_at"), at(plugin, "/uploader"))]);
    table.row(["  contract", &at(plugin, "/contract")]);
    let tools = list(plugin, "tools").iter();
    let tools: Vec<String> = tools
        .map(|tool| format!("{} {}", at(tool, "/name"), at(tool, "/version")).trim().to_owned())
        .collect();
    table.row(["  made with, it says", &tools.join(", ")]);
    format!("\nprovenance\n{}", table.text())
}

fn history(plugin: &Value) -> String {
    let mut table = Table::bare();
    for event in list(plugin, "history") {
        let kind = at(event, "/kind").replace('_', " ");
        table.row([&format!("  {}", moment(event, "/at")), &kind, &format!("by {}", at(event, "/by"))]);
    }
    format!("\nhistory\n{}", table.text())
}

/// Which numbers are not what the examples expect, and by how much.
pub(crate) fn disagreements(found: &[Value]) -> String {
    let mut table = Table::new(["EXAMPLE", "VALUE", "EXPECTED", "FOUND", "OFF BY"]);
    let mut sentences = String::new();
    for one in found {
        let pointer = at(one, "/pointer");
        if one.get("found").is_none() && pointer.is_empty() {
            sentences.push_str(&format!("{}\n", one_line(&at(one, "/message"))));
            continue;
        }
        let off = one.get("relative_error").and_then(Value::as_f64).map(|error| format!("{error:.1e}"));
        let there = one.get("found").map_or_else(|| String::from("nothing"), |_| at(one, "/found"));
        let expected = at(one, "/expected");
        table.row([&at(one, "/example"), &pointer, &expected, &there, &off.unwrap_or_default()]);
    }
    let rows = if table.is_empty() { String::new() } else { table.text() };
    format!("{rows}{sentences}")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn moments_are_told_to_the_second() {
        let document = json!({ "long": "2026-11-24T19:56:33.603262593Z", "short": "2026-11-24T19:56:33Z" });
        for pointer in ["/long", "/short"] {
            assert_eq!(moment(&document, pointer), "2026-11-24T19:56:33Z");
        }
    }

    fn pending() -> Value {
        json!({
            "name": "heat", "version": "1.1.0", "title": "Heat", "state": "pending",
            "sha256": "ab", "size": 2048, "uploader": "rest from 10.0.0.7", "uploaded_at": "then",
            "manifest": {
                "images": [{ "name": "octave", "purpose": "solves\nnote: forged" }], "max_parallel": 4,
                "max_resources": { "cpu_milli": 1000, "memory_mib": 256, "scratch_mib": 16, "timeout_ms": 10 },
            },
            "granted": { "cpu_milli": 1000, "memory_mib": 192, "scratch_mib": 16, "timeout_ms": 10 },
            "contract": "0.1.0", "tools": [{ "role": "language", "name": "Rust", "version": "1.95" }],
            "compared_with": "1.0.0", "warnings": ["lowered"],
            "asks_more": [{ "what": "max_resources.memory_mib", "before": 128, "now": 256 }],
            "asks_less": [{ "what": "max_parallel", "before": 4, "now": 8 }],
            "history": [{ "at": "then", "kind": "check_begun", "by": "rest" }],
        })
    }

    #[test]
    fn a_plugin_that_waits_is_told_with_what_it_asks_and_what_to_do() {
        let versions = [
            json!({ "version": "1.1.0", "state": "pending" }),
            json!({ "version": "1.0.0", "state": "active" }),
        ];
        let text = plugin(&pending(), &versions);
        for told in [
            "waits for your approval; `simulay plugin approve heat@1.1.0` gives it",
            "1.1.0 (pending), 1.0.0 (active, serves the pipeline)",
            "  max_resources.memory_mib  128             256  more",
            "  max_parallel              8               4    less",
            "here it gets          1000 mCPU, 192 MiB memory",
            "note: lowered",
            "then by rest from 10.0.0.7",
            "Rust 1.95",
            "check begun  by rest",
        ] {
            assert!(text.contains(told), "{told}\n{text}");
        }
        assert!(!text.contains("\nnote: forged"), "{text}");
    }

    #[test]
    fn the_highest_active_release_serves() {
        let one = |version: &str, state: &str| json!({ "version": version, "state": state });
        let versions = [one("2.0.0-rc.1", "active"), one("1.1.0", "retired"), one("1.0.0", "active")];
        assert_eq!(serving(&versions).as_deref(), Some("1.0.0"));
        assert_eq!(serving(&versions[..2]), None);
    }

    #[test]
    fn what_disagrees_is_told_by_number_and_what_failed_by_sentence() {
        let text = disagreements(&[
            json!({ "example": "small", "pointer": "/max", "expected": 400.0, "found": 373.5,
                    "relative_error": 0.06625, "message": "m" }),
            json!({ "example": "large", "pointer": "", "expected": {}, "message": "example `large`: failed" }),
        ]);
        assert!(text.contains("small    /max   400.0     373.5  6.6e-2\n"), "{text}");
        assert!(text.ends_with("example `large`: failed\n"), "{text}");
    }
}
