//! What a plugin says of itself.

use serde_json::Value;

use super::{at, list};
use crate::terminal::Table;

/// All that a manifest tells.
pub(crate) fn manifest(manifest: &Value) -> String {
    let mut facts = Table::bare();
    facts.row(["plugin", &format!("{}@{}", at(manifest, "/name"), at(manifest, "/version"))]);
    facts.row(["title", &at(manifest, "/title")]);
    for image in list(manifest, "images") {
        facts.row(["image", &format!("{}: {}", at(image, "/name"), at(image, "/purpose"))]);
    }
    facts.row(["largest call", &resources(manifest, "/max_resources")]);
    facts.row(["calls in a step", &format!("at most {}", at(manifest, "/max_parallel"))]);
    let mut text = format!("{}\nparameters\n{}", facts.text(), properties(manifest, "/params_schema"));
    text.push_str(&format!("\noutcome\n{}", properties(manifest, "/result_schema")));
    for example in manifest.get("examples").and_then(Value::as_array).into_iter().flatten() {
        text.push_str(&format!("\nexample `{}`\n  {}\n", at(example, "/name"), at(example, "/params")));
    }
    format!("{text}\n{}\n", at(manifest, "/description").trim())
}

/// The bounds of a container at a JSON Pointer.
pub(super) fn resources(document: &Value, pointer: &str) -> String {
    let bound = |name: &str| at(document, &format!("{pointer}/{name}"));
    format!(
        "{} mCPU, {} MiB memory, {} MiB scratch, {} ms",
        bound("cpu_milli"),
        bound("memory_mib"),
        bound("scratch_mib"),
        bound("timeout_ms")
    )
}

fn properties(manifest: &Value, pointer: &str) -> String {
    let schema = manifest.pointer(pointer).unwrap_or(&Value::Null);
    let mut table = Table::bare();
    for (name, rule) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
        let unit = at(rule, "/x-unit");
        let default = rule.get("default").map(|value| format!("default {value}")).unwrap_or_default();
        let words = [at(rule, "/title"), at(rule, "/description")].into_iter().find(|text| !text.is_empty());
        table.row([&format!("  {name}"), &at(rule, "/type"), &unit, &default, &words.unwrap_or_default()]);
    }
    table.text()
}
