//! Runs the caller's own Octave program.

mod manifest;
mod params;
mod post_process;
mod pre_process;

pub use params::Params;
use simulay_sdk::{Artifacts, ContainerResult, Failure, Manifest, Next, Pipeline, Request, Step};

/// The pipeline `octave-script`.
pub struct OctaveScript;

impl Pipeline for OctaveScript {
    type Params = Params;
    type State = ();

    fn manifest() -> Manifest {
        manifest::manifest()
    }

    fn pre_process(request: &Request<Params>, _: &dyn Artifacts) -> Result<Step<()>, Failure> {
        pre_process::pre_process(request)
    }

    fn post_process(
        _: &Request<Params>,
        (): (),
        results: &[ContainerResult],
        artifacts: &dyn Artifacts,
    ) -> Result<Next<()>, Failure> {
        post_process::post_process(results, artifacts)
    }
}

simulay_sdk::export_pipeline!(OctaveScript);

#[cfg(test)]
mod tests;
