//! What the plugin says of itself.

use serde_json::json;
use simulay_sdk::{Example, Manifest, Resources, example, image};

pub(crate) fn manifest() -> Manifest {
    Manifest {
        name: "heat-equation".into(),
        version: env!("CARGO_PKG_VERSION").into(),
        title: "Heat conduction in a rectangular plate".into(),
        description: include_str!("description.md").into(),
        params_schema: include_str!("params.schema.json").into(),
        result_schema: include_str!("result.schema.json").into(),
        images: vec![image("octave", "Solves the heat equation and draws the temperatures.")],
        max_resources: Resources { cpu_milli: 1000, memory_mib: 512, scratch_mib: 64, timeout_ms: 300_000 },
        max_parallel: 1,
        examples: vec![aluminium(), square()],
    }
}

/// Exact centre temperature: 300 + 100 S(1/2; Fo = 0.0485) S(1/2; Fo = 0.13472) K.
fn aluminium() -> Example {
    let expect = json!({ "centre_temperature_K": 326.382_348_581_109, "centre_temperature_analytic_K": 326.382_348_581_109 });
    example("An aluminium plate is quenched", &json!({}), &expect, 2e-5)
}

/// Fo = 0.1 on both axes: 400 − 100 S² K with S(1/2) = 0.474 487 46.
fn square() -> Example {
    let params = json!({
        "width_m": 1, "height_m": 1, "diffusivity_m2_per_s": 1e-5, "time_s": 10_000,
        "initial_temperature_K": 300, "edge_temperature_K": 400, "cells_x": 80, "cells_y": 80, "steps": 200
    });
    let centre = 377.486_164_994_238;
    let expect = json!({ "centre_temperature_K": centre, "centre_temperature_analytic_K": centre });
    example("A square plate is warmed", &params, &expect, 2e-5)
}
