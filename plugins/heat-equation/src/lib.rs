//! Transient heat conduction in a rectangular plate, checked against the exact solution.

mod manifest;
mod params;
mod post_process;
mod pre_process;

pub use params::Params;
use simulay_sdk::{Artifacts, ContainerResult, Failure, Manifest, Next, Pipeline, Request, Step};

/// The pipeline `heat-equation`.
pub struct HeatEquation;

impl Pipeline for HeatEquation {
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

simulay_sdk::export_pipeline!(HeatEquation);

#[cfg(test)]
mod tests;
