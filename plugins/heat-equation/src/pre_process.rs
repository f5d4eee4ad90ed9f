//! The plate becomes one Octave program.

use simulay_sdk::{Failure, Resources, Step, octave};

use crate::params::Params;

/// Name of the one call.
pub(crate) const CALL: &str = "plate";

/// What it may use.
pub(crate) const RESOURCES: Resources = Resources { timeout_ms: 300_000, ..octave::RESOURCES };

/// Below it the exact series has thousands of terms and the heat has not left the edges.
const MIN_FOURIER_NUMBER: f64 = 1e-4;

pub(crate) fn pre_process(params: &Params) -> Result<Step, Failure> {
    check(params)?;
    let call = octave::script(CALL, include_str!("../octave/main.m"))
        .text("solve_plate.m", include_str!("../octave/solve_plate.m"))
        .text("exact_temperature.m", include_str!("../octave/exact_temperature.m"))
        .text("write_field.m", include_str!("../octave/write_field.m"))
        .text("draw.m", include_str!("../octave/draw.m"))
        .write_json()
        .params(params)
        .keep("result.json")
        .keep("history.json")
        .keep("field.csv")
        .keep("*.png")
        .resources(RESOURCES)
        .draws_nothing()
        .build();
    Ok(call.into())
}

fn check(params: &Params) -> Result<(), Failure> {
    // Equal by intent: any difference, however small, can be simulated.
    if params.initial_temperature.to_bits() == params.edge_temperature.to_bits() {
        let message = "must differ from `initial_temperature_K`, else nothing changes";
        return Err(Failure::invalid("/edge_temperature_K", message));
    }
    if params.fourier_number() < MIN_FOURIER_NUMBER {
        let message = format!(
            "too short: a·t/L² of the longer side is {:.1e}, and must be at least {MIN_FOURIER_NUMBER:e}",
            params.fourier_number()
        );
        return Err(Failure::invalid("/time_s", message));
    }
    Ok(())
}
