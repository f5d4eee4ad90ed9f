//! What a plugin says of itself.

use serde_json::Value;
use simulay_api::wire::{Manifest, Resources};

use crate::terminal::{Table, value};

/// All that a manifest tells.
pub(crate) fn manifest(manifest: &Manifest) -> String {
    let mut facts = Table::bare();
    facts.row(["plugin", &format!("{}@{}", manifest.name, manifest.version)]);
    facts.row(["title", &manifest.title]);
    for image in &manifest.images {
        facts.row(["image", &format!("{}: {}", image.name, image.purpose)]);
    }
    facts.row(["largest call", &resources(manifest.max_resources)]);
    facts.row(["calls in a step", &format!("at most {}", manifest.max_parallel)]);
    let mut text = format!("{}\nparameters\n{}", facts.text(), properties(&manifest.params_schema));
    text.push_str(&format!("\noutcome\n{}", properties(&manifest.result_schema)));
    for example in &manifest.examples {
        text.push_str(&format!("\nexample `{}`\n  {}\n", example.name, example.params));
    }
    format!("{text}\n{}\n", manifest.description.trim())
}

/// The bounds of a container.
pub(super) fn resources(resources: Resources) -> String {
    let Resources { cpu_milli, memory_mib, scratch_mib, timeout_ms } = resources;
    format!("{cpu_milli} mCPU, {memory_mib} MiB memory, {scratch_mib} MiB scratch, {timeout_ms} ms")
}

fn properties(schema: &Value) -> String {
    let mut table = Table::bare();
    for (name, rule) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
        let text = |name: &str| value(rule.get(name));
        let default = rule.get("default").map(|value| format!("default {value}")).unwrap_or_default();
        let words = ["title", "description"].map(text).into_iter().find(|text| !text.is_empty());
        table.row([
            &format!("  {name}"),
            &text("type"),
            &text("x-unit"),
            &default,
            &words.unwrap_or_default(),
        ]);
    }
    table.text()
}
