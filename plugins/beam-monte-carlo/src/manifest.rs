//! What the plugin says of itself.

use serde_json::json;
use simulay_sdk::{Example, Manifest, Resources, example, image};

pub(crate) fn manifest() -> Manifest {
    Manifest {
        name: "beam-monte-carlo".into(),
        version: env!("CARGO_PKG_VERSION").into(),
        title: "Deflection of an uncertain cantilever".into(),
        description: include_str!("description.md").into(),
        params_schema: include_str!("params.schema.json").into(),
        result_schema: include_str!("result.schema.json").into(),
        images: vec![image("octave", "Draws the samples.")],
        max_resources: Resources { cpu_milli: 1000, memory_mib: 512, scratch_mib: 64, timeout_ms: 660_000 },
        max_parallel: 16,
        examples: vec![steel(), force_alone()],
    }
}

/// Whatever the seed, the samples are within 1 %: their standard errors are under 0.2 %.
fn steel() -> Example {
    let law = json!({ "mean": 0.003_052_726_742, "sd": 0.000_336_466_286, "p05": 0.002_532_613_642,
                      "p50": 0.003_034_351_623, "p95": 0.003_635_489_290 });
    let expect = json!({ "samples": 400_000, "deflection_m": law, "theory_m": law });
    example("A steel cantilever", &json!({ "samples": 400_000 }), &expect, 0.01)
}

/// The deflection scatters as the force does: sd over mean is 0.2.
fn force_alone() -> Example {
    let certain = |mean: f64| json!({ "mean": mean, "cv": 0 });
    let params = json!({
        "force_N": { "mean": 1000, "cv": 0.2 }, "modulus_Pa": certain(210e9), "width_m": certain(0.05),
        "height_m": certain(0.1), "length_m": certain(2.0), "samples": 400_000, "containers": 2
    });
    let law = json!({ "mean": 0.003_047_619_048, "sd": 0.000_609_523_810, "p50": 0.002_988_436_345 });
    let expect = json!({ "deflection_m": law, "theory_m": law, "containers": 2 });
    example("Only the force is uncertain", &params, &expect, 0.01)
}
