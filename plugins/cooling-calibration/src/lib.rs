//! Fits Newton's law of cooling to measured temperatures, one container per Gauss–Newton iteration.

mod examples;
mod fit;
mod measurements;
mod outcome;
mod params;
mod post_process;
mod pre_process;
mod search;

use simulay_sdk::{Failure, Manifest, Next, Pipeline, Request, Results, Step};

pub use outcome::Outcome;
pub use params::{Params, Table};
pub use search::Search;

/// The pipeline `cooling-calibration`.
pub struct CoolingCalibration;

impl Pipeline for CoolingCalibration {
    type Params = Params;
    type State = Search;
    type Outcome = Outcome;

    fn manifest() -> Manifest<Params> {
        let manifest = simulay_sdk::manifest!()
            .title("Cooling constant from measured temperatures")
            .description(include_str!("description.md"))
            .image("octave", "Integrates the model and its sensitivities.")
            .max_resources(pre_process::RESOURCES);
        examples::add(manifest)
    }

    fn pre_process(request: &Request<Params>) -> Result<Step<Search>, Failure> {
        pre_process::pre_process(request)
    }

    fn post_process(
        request: &Request<Params>,
        search: Search,
        results: &Results,
    ) -> Result<Next<Outcome, Search>, Failure> {
        post_process::post_process(request, search, results)
    }
}

simulay_sdk::export_pipeline!(CoolingCalibration);

#[cfg(test)]
mod tests;
