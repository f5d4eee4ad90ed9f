//! Runs the caller's own Octave program.

mod example;
mod listed;
mod outcome;
mod params;
mod post_process;
mod pre_process;
mod program;
mod written;

use simulay_sdk::{Failure, Manifest, Next, Pipeline, Request, Resources, Results, Step};

pub use outcome::{LeftOut, Outcome};
pub use params::Params;
pub use pre_process::Started;

/// The pipeline `octave-script`.
pub struct OctaveScript;

impl Pipeline for OctaveScript {
    type Params = Params;
    type State = Started;
    type Outcome = Outcome;

    fn manifest() -> Manifest<Params> {
        let scratch_mib = params::MOST_SCRATCH_MIB;
        let most = Resources { cpu_milli: 4000, memory_mib: 4096, scratch_mib, timeout_ms: 3_600_000 };
        simulay_sdk::manifest!()
            .title("Your own Octave program")
            .description(include_str!("description.md"))
            .image("octave", "Runs the program.")
            .max_resources(most)
            .example("An integral", &example::integral(), &example::pi(), 1e-9)
    }

    fn pre_process(request: &Request<Params>) -> Result<Step<Started>, Failure> {
        pre_process::pre_process(request)
    }

    fn post_process(
        _: &Request<Params>,
        started: Started,
        results: &Results,
    ) -> Result<Next<Outcome, Started>, Failure> {
        post_process::post_process(started, results)
    }
}

simulay_sdk::export_pipeline!(OctaveScript);

#[cfg(test)]
mod tests;
