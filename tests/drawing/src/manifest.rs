//! What it says of itself. A test makes another version of it by replacing a few bytes of the texts here.

use std::hint::black_box;

use crate::bindings::exports::simulay::plugin::pipeline::{Example, Image, Manifest};
use crate::bindings::simulay::plugin::types::Resources;

/// As text, and read when it runs, so that it lies in the component as it stands here.
const MEMORY: &str = "memory_mib=0128";

const PARAMS: &str = r#"{"type":"object","additionalProperties":false,"properties":{
"level":{"title":"Level","type":"number","default":1,"minimum":-1000,"maximum":1000,"x-unit":"m"},
"most":{"title":"Most","description":"A level above it is a failure.","type":"number","default":1000,"x-unit":"m"},
"points":{"title":"Points","type":"integer","default":1000,"minimum":2,"maximum":1000000},
"curve":{"title":"Curve","enum":["wave","decades"],"default":"wave"},
"unit":{"title":"Unit","type":"string","default":"m","maxLength":16}}}"#;

const RESULT: &str = r#"{"type":"object","required":["level","twice"],"properties":{
"level":{"title":"Level","type":"number","x-unit":"m"},"twice":{"title":"Twice the level","type":"number","x-unit":"m"}}}"#;

pub(crate) fn manifest() -> Manifest {
    let memory_mib =
        black_box(MEMORY).rsplit('=').next().and_then(|mib| mib.parse().ok()).unwrap_or_default();
    Manifest {
        name: "drawing".into(),
        version: env!("CARGO_PKG_VERSION").into(),
        title: "A drawing".into(),
        description: "Draws a curve.".into(),
        params_schema: PARAMS.into(),
        result_schema: RESULT.into(),
        images: vec![Image { name: "octave".into(), purpose: "None is started.".into() }],
        max_resources: Resources { cpu_milli: 100, memory_mib, scratch_mib: 16, timeout_ms: 10_000 },
        max_parallel: 1,
        examples: vec![Example {
            name: "A metre".into(),
            params: r#"{"level":1}"#.into(),
            expect: Some(r#"{"twice":2.0}"#.into()),
            tolerance: 1e-9,
        }],
    }
}
