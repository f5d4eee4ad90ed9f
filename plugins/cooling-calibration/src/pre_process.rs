//! An iteration becomes one Octave program.

use serde::Serialize;
use simulay_sdk::{ContainerCall, Failure, Request, Resources, Step, octave};

use crate::measurements::Measurements;
use crate::params::Params;
use crate::search::Search;

/// What `main.m` reads from `params.json`.
#[derive(Serialize)]
struct Data<'a> {
    iteration: u32,
    k_per_s: f64,
    #[serde(rename = "ambient_temperature_K")]
    ambient: f64,
    #[serde(rename = "initial_temperature_K")]
    initial: f64,
    start_s: f64,
    t_s: &'a [f64],
}

/// What a call may use.
pub(crate) const RESOURCES: Resources = Resources { memory_mib: 256, ..octave::RESOURCES };

pub(crate) fn pre_process(request: &Request<Params>) -> Result<Step<Search>, Failure> {
    let measurements = Measurements::of(request)?;
    let params = &request.params;
    let known = !params.fit_ambient;
    if known && measurements.initial_temperature.to_bits() == params.ambient_temperature.to_bits() {
        let message = "must differ from the temperature at the start, else nothing cools";
        return Err(Failure::invalid("/ambient_temperature_K", message));
    }
    Ok(step(&measurements, Search::from(params.initial_k_per_s, params.ambient_temperature)))
}

/// The step that evaluates the model where `search` wants it.
pub(crate) fn step(measurements: &Measurements, search: Search) -> Step<Search> {
    let call = call(measurements, &search);
    Step::new(search, vec![call])
}

/// Name of the call of an iteration.
pub(crate) fn name(search: &Search) -> String {
    format!("iteration-{:02}", search.iteration)
}

fn call(measurements: &Measurements, search: &Search) -> ContainerCall {
    let data = Data {
        iteration: search.iteration,
        k_per_s: search.trial.k(),
        ambient: search.trial.ambient,
        initial: measurements.initial_temperature,
        start_s: measurements.start_s,
        t_s: &measurements.table.t_s,
    };
    octave::script(&name(search), include_str!("../octave/main.m"))
        .text("rates.m", include_str!("../octave/rates.m"))
        .write_json()
        .params(&data)
        .keep("result.json")
        .resources(RESOURCES)
        .draws_nothing()
        .build()
}
