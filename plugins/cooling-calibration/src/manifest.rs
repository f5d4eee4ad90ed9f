//! What the plugin says of itself.

use serde_json::{Value, json};
use simulay_sdk::{Example, Manifest, Resources, example, image};

pub(crate) fn manifest() -> Manifest {
    Manifest {
        name: "cooling-calibration".into(),
        version: env!("CARGO_PKG_VERSION").into(),
        title: "Cooling constant from measured temperatures".into(),
        description: include_str!("description.md").into(),
        params_schema: include_str!("params.schema.json").into(),
        result_schema: include_str!("result.schema.json").into(),
        images: vec![image("octave", "Integrates the model and its sensitivities.")],
        max_resources: Resources { cpu_milli: 1000, memory_mib: 256, scratch_mib: 64, timeout_ms: 60_000 },
        max_parallel: 1,
        examples: vec![k_alone(), k_and_ambient()],
    }
}

/// Made with k = 0.00123 1/s, Ta = 295.15 K and normal noise of 0.2 K; the expected values come from a
/// fit of the closed solution T = Ta + (T0 − Ta) exp(−kt).
fn cup() -> Value {
    let times: Vec<u32> = (1..=20).map(|i| 150 * i).collect();
    json!({ "t_s": times, "T_K": [
        351.64, 342.27, 334.20, 327.60, 322.00, 317.58, 314.06, 310.78, 308.28, 305.95,
        304.16, 302.62, 300.99, 300.46, 299.52, 298.80, 297.77, 297.26, 297.01, 296.75
    ] })
}

fn k_alone() -> Example {
    let params = json!({ "measurements": cup(), "initial_temperature_K": 363.15 });
    let expect = json!({
        "k_per_s": 0.001_230_071_57, "k_std_per_s": 2.789_662e-6, "residual_rms_K": 0.173_269_676,
        "ambient_temperature_K": 295.15, "measurements": 20
    });
    example("A cup of water in a room of known temperature", &params, &expect, 1e-4)
}

fn k_and_ambient() -> Example {
    let params = json!({ "measurements": cup(), "initial_temperature_K": 363.15, "fit_ambient": true,
                         "ambient_temperature_K": 290 });
    let expect = json!({
        "k_per_s": 0.001_223_282_65, "k_std_per_s": 5.082_142e-6, "residual_rms_K": 0.162_580_045,
        "ambient_temperature_K": 295.006_019_76, "ambient_std_K": 0.092_247_880
    });
    example("The temperature of the room is unknown too", &params, &expect, 1e-4)
}
