//! Worked cases. Whatever the seed, the samples are within 1 %: their standard errors are under 0.2 %.

use serde_json::json;
use simulay_sdk::Manifest;

use crate::params::{Beam, Params, Quantity};

const SAMPLES: u32 = 400_000;

pub(crate) fn add(manifest: Manifest<Params>) -> Manifest<Params> {
    let law = json!({ "mean": 0.003_052_726_742, "sd": 0.000_336_466_286, "p05": 0.002_532_613_642,
                      "p50": 0.003_034_351_623, "p95": 0.003_635_489_290 });
    let steel = json!({ "samples": SAMPLES, "deflection_m": law, "theory_m": law });
    // The deflection scatters as the force does: sd over mean is 0.2.
    let law = json!({ "mean": 0.003_047_619_048, "sd": 0.000_609_523_810, "p50": 0.002_988_436_345 });
    let force = json!({ "deflection_m": law, "theory_m": law, "containers": 2 });
    manifest
        .example("A steel cantilever", &Params { samples: SAMPLES, ..Params::default() }, &steel, 0.01)
        .example("Only the force is uncertain", &force_alone(), &force, 0.01)
}

fn force_alone() -> Params {
    let certain = |mean| Quantity { mean, cv: 0.0 };
    let beam = Beam {
        force: Quantity { mean: 1000.0, cv: 0.2 },
        modulus: certain(210e9),
        width: certain(0.05),
        height: certain(0.1),
        length: certain(2.0),
    };
    Params { beam, samples: SAMPLES, containers: 2, ..Params::default() }
}
