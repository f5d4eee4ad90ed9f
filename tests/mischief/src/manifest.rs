//! What it says of itself; that much is honest.

use crate::bindings::exports::simulay::plugin::pipeline::{Image, Manifest};
use crate::bindings::simulay::plugin::types::Resources;

/// The most a call asks for, by the manifest.
pub(crate) const RESOURCES: Resources =
    Resources { cpu_milli: 500, memory_mib: 128, scratch_mib: 16, timeout_ms: 20_000 };

pub(crate) fn manifest() -> Manifest {
    Manifest {
        name: "mischief".into(),
        version: env!("CARGO_PKG_VERSION").into(),
        title: "Mischief".into(),
        description: "Does what a plugin must not do, to see that nothing comes of it.".into(),
        params_schema: r#"{"type":"object","properties":{"do":{"type":"string"}},"required":["do"]}"#.into(),
        result_schema: r#"{"type":"object","properties":{"done":{"type":"string"}},"required":["done"]}"#
            .into(),
        images: vec![Image { name: "octave".into(), purpose: "Something to misuse.".into() }],
        max_resources: RESOURCES,
        max_parallel: 4,
        examples: vec![],
    }
}
