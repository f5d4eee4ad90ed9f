//! Tip deflection of a cantilever with uncertain inputs, by Monte Carlo in several containers.

mod examples;
mod histogram;
mod outcome;
mod params;
mod post_process;
mod pre_process;
mod seeds;
mod summary;
mod theory;

use simulay_sdk::{Failure, Manifest, Next, Pipeline, Request, Results, Step};

pub use outcome::Outcome;
pub use params::{Beam, Params, Quantity};
pub use summary::Summary;

/// The pipeline `beam-monte-carlo`.
pub struct BeamMonteCarlo;

impl Pipeline for BeamMonteCarlo {
    type Params = Params;
    type State = ();
    type Outcome = Outcome;

    fn manifest() -> Manifest<Params> {
        let manifest = simulay_sdk::manifest!()
            .title("Deflection of an uncertain cantilever")
            .description(include_str!("description.md"))
            .image("octave", "Draws the samples.")
            .max_resources(pre_process::MAX_RESOURCES)
            .max_parallel(16);
        examples::add(manifest)
    }

    fn pre_process(request: &Request<Params>) -> Result<Step, Failure> {
        pre_process::pre_process(request)
    }

    fn post_process(request: &Request<Params>, (): (), results: &Results) -> Result<Next<Outcome>, Failure> {
        post_process::post_process(&request.params, results)
    }
}

simulay_sdk::export_pipeline!(BeamMonteCarlo);

#[cfg(test)]
mod tests;
