//! Between the contract's JSON strings and a [`Pipeline`]'s types.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::artifacts::Artifacts;
use crate::bindings::exports::simulay::plugin::pipeline as wit;
use crate::contract::{Artifact, ContainerResult, Failure, Step};
use crate::pipeline::Pipeline;
use crate::report::{Next, Report};
use crate::request::Request;
use crate::results::Results;
use crate::schema;

pub use crate::artifacts::HostArtifacts;
pub use wit::Guest;

/// `describe` of the contract.
#[must_use]
pub fn describe<P: Pipeline>() -> wit::Manifest {
    P::manifest().lower(&schema::params::<P::Params>(), &schema::outcome::<P::Outcome>())
}

/// `pre-process` of the contract.
///
/// # Errors
/// What the pipeline says.
pub fn pre_process<P: Pipeline>(
    request: &wit::Request,
    artifacts: &dyn Artifacts,
) -> Result<wit::Step, wit::Failure> {
    let request = typed(request, artifacts)?;
    Ok(lower_step(P::pre_process(&request)?)?)
}

/// `post-process` of the contract.
///
/// # Errors
/// What the pipeline says.
pub fn post_process<P: Pipeline>(
    request: &wit::Request,
    state: &str,
    results: &[ContainerResult],
    artifacts: &dyn Artifacts,
) -> Result<wit::Next, wit::Failure> {
    let request = typed(request, artifacts)?;
    let state = parse(state).map_err(|error| Failure::simulation(format!("state: {error}")))?;
    match P::post_process(&request, state, &Results::new(results, artifacts))? {
        Next::Done(report) => Ok(wit::Next::Done(lower_report(report)?)),
        Next::Again(step) => Ok(wit::Next::Again(lower_step(step)?)),
    }
}

fn typed<'a, T: DeserializeOwned>(
    request: &'a wit::Request,
    artifacts: &'a dyn Artifacts,
) -> Result<Request<'a, T>, Failure> {
    let params = parse(&request.params).map_err(|error| Failure::invalid("", error.to_string()))?;
    let inputs: &[Artifact] = &request.inputs;
    Ok(Request::new(params, request.seed, inputs, artifacts))
}

fn parse<T: DeserializeOwned>(json: &str) -> Result<T, serde_json::Error> {
    serde_json::from_str(json)
}

fn lower_step<S: Serialize>(step: Step<S>) -> Result<wit::Step, Failure> {
    Ok(wit::Step { calls: step.calls, state: json("state", &step.state)? })
}

fn lower_report<O: Serialize>(report: Report<O>) -> Result<wit::Report, Failure> {
    let Report { outcome, plots, artifacts } = report;
    Ok(wit::Report { outcome: json("outcome", &outcome)?, plots, artifacts })
}

fn json(what: &str, value: &impl Serialize) -> Result<String, Failure> {
    serde_json::to_string(value)
        .map_err(|error| Failure::simulation(format!("the {what} is not JSON: {error}")))
}

impl From<Failure> for wit::Failure {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Invalid { pointer, message } => Self::Invalid((pointer, message)),
            Failure::Simulation(message) => Self::Simulation(message),
        }
    }
}

/// Makes a [`Pipeline`] the plugin of this crate. Does nothing outside WebAssembly, where unit tests
/// call the pipeline directly.
#[macro_export]
macro_rules! export_pipeline {
    ($pipeline:ty) => {
        #[cfg(target_family = "wasm")]
        #[allow(unsafe_code, reason = "the generated exports are called through raw pointers")]
        mod exported_pipeline {
            use super::*;
            use $crate::bindings::exports::simulay::plugin::pipeline as wit;
            use $crate::glue;

            struct Exported;

            impl glue::Guest for Exported {
                fn describe() -> wit::Manifest {
                    glue::describe::<$pipeline>()
                }

                fn pre_process(request: wit::Request) -> Result<wit::Step, wit::Failure> {
                    glue::pre_process::<$pipeline>(&request, &glue::HostArtifacts)
                }

                fn post_process(
                    request: wit::Request,
                    state: String,
                    results: Vec<$crate::ContainerResult>,
                ) -> Result<wit::Next, wit::Failure> {
                    glue::post_process::<$pipeline>(&request, &state, &results, &glue::HostArtifacts)
                }
            }

            $crate::bindings::export_guest!(Exported with_types_in $crate::bindings);
        }
    };
}
