//! Worked cases. Measured with k = 0.00123 1/s, Ta = 295.15 K and normal noise of 0.2 K; the expected
//! values come from a fit of the closed solution T = Ta + (T0 − Ta) exp(−kt).

use serde_json::json;
use simulay_sdk::Manifest;

use crate::params::{Params, Table};

pub(crate) fn add(manifest: Manifest<Params>) -> Manifest<Params> {
    let k_alone = json!({
        "k_per_s": 0.001_230_071_57, "k_std_per_s": 2.789_662e-6, "residual_rms_K": 0.173_269_676,
        "ambient_temperature_K": 295.15, "measurements": 20
    });
    let k_and_ambient = json!({
        "k_per_s": 0.001_223_282_65, "k_std_per_s": 5.082_142e-6, "residual_rms_K": 0.162_580_045,
        "ambient_temperature_K": 295.006_019_76, "ambient_std_K": 0.092_247_880
    });
    let unknown_room = Params { fit_ambient: true, ambient_temperature: 290.0, ..cup() };
    manifest.example("A cup of water in a room of known temperature", &cup(), &k_alone, 1e-4).example(
        "The temperature of the room is unknown too",
        &unknown_room,
        &k_and_ambient,
        1e-4,
    )
}

fn cup() -> Params {
    let temperatures = vec![
        351.64, 342.27, 334.20, 327.60, 322.00, 317.58, 314.06, 310.78, 308.28, 305.95, 304.16, 302.62,
        300.99, 300.46, 299.52, 298.80, 297.77, 297.26, 297.01, 296.75,
    ];
    let t_s = (1..=20).map(|i| f64::from(150 * i)).collect();
    let measurements = Some(Table { t_s, temperatures });
    Params { measurements, initial_temperature: Some(363.15), ..Params::default() }
}
