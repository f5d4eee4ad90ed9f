//! Tip deflection of a cantilever with uncertain inputs, by Monte Carlo in several containers.

mod histogram;
mod manifest;
mod params;
mod post_process;
mod pre_process;
mod seeds;
mod summary;
mod theory;

pub use params::{Beam, Params, Quantity};
use simulay_sdk::{Artifacts, ContainerResult, Failure, Manifest, Next, Pipeline, Request, Step};

/// The pipeline `beam-monte-carlo`.
pub struct BeamMonteCarlo;

impl Pipeline for BeamMonteCarlo {
    type Params = Params;
    type State = ();

    fn manifest() -> Manifest {
        manifest::manifest()
    }

    fn pre_process(request: &Request<Params>, _: &dyn Artifacts) -> Result<Step<()>, Failure> {
        pre_process::pre_process(request)
    }

    fn post_process(
        request: &Request<Params>,
        (): (),
        results: &[ContainerResult],
        artifacts: &dyn Artifacts,
    ) -> Result<Next<()>, Failure> {
        post_process::post_process(request, results, artifacts)
    }
}

simulay_sdk::export_pipeline!(BeamMonteCarlo);

#[cfg(test)]
mod tests;
