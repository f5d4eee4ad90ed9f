//! Transient heat conduction in a rectangular plate, checked against the exact solution.

mod outcome;
mod params;
mod post_process;
mod pre_process;

use serde_json::json;
use simulay_sdk::{Failure, Manifest, Next, Pipeline, Request, Results, Step};

pub use outcome::Outcome;
pub use params::Params;

/// The pipeline `heat-equation`.
pub struct HeatEquation;

impl Pipeline for HeatEquation {
    type Params = Params;
    type State = ();
    type Outcome = Outcome;

    fn manifest() -> Manifest<Params> {
        // Exact: 300 + 100 S(1/2; Fo = 0.0485) S(1/2; Fo = 0.13472) K.
        let quenched = 326.382_348_581_109;
        // Fo = 0.1 on both axes: 400 − 100 S² K with S(1/2) = 0.474 487 46.
        let warmed = 377.486_164_994_238;
        let centre = |k: f64| json!({ "centre_temperature_K": k, "centre_temperature_analytic_K": k });
        simulay_sdk::manifest!()
            .title("Heat conduction in a rectangular plate")
            .description(include_str!("description.md"))
            .image("octave", "Solves the heat equation and draws the temperatures.")
            .max_resources(pre_process::RESOURCES)
            .example("An aluminium plate is quenched", &Params::default(), &centre(quenched), 2e-5)
            .example("A square plate is warmed", &Params::square(), &centre(warmed), 2e-5)
    }

    fn pre_process(request: &Request<Params>) -> Result<Step, Failure> {
        pre_process::pre_process(&request.params)
    }

    fn post_process(request: &Request<Params>, (): (), results: &Results) -> Result<Next<Outcome>, Failure> {
        post_process::post_process(&request.params, results)
    }
}

simulay_sdk::export_pipeline!(HeatEquation);

#[cfg(test)]
mod tests;
