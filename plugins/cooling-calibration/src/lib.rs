//! Fits Newton's law of cooling to measured temperatures, one container per Gauss–Newton iteration.

mod fit;
mod manifest;
mod measurements;
mod params;
mod post_process;
mod pre_process;
mod search;

pub use params::{Params, Table};
pub use search::Search;
use simulay_sdk::{Artifacts, ContainerResult, Failure, Manifest, Next, Pipeline, Request, Step};

/// The pipeline `cooling-calibration`.
pub struct CoolingCalibration;

impl Pipeline for CoolingCalibration {
    type Params = Params;
    type State = Search;

    fn manifest() -> Manifest {
        manifest::manifest()
    }

    fn pre_process(request: &Request<Params>, artifacts: &dyn Artifacts) -> Result<Step<Search>, Failure> {
        pre_process::pre_process(request, artifacts)
    }

    fn post_process(
        request: &Request<Params>,
        search: Search,
        results: &[ContainerResult],
        artifacts: &dyn Artifacts,
    ) -> Result<Next<Search>, Failure> {
        post_process::post_process(request, search, results, artifacts)
    }
}

simulay_sdk::export_pipeline!(CoolingCalibration);

#[cfg(test)]
mod tests;
