//! Between the contract's JSON strings and a [`Pipeline`]'s types.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::artifacts::HostArtifacts;
use crate::bindings::exports::simulay::plugin::pipeline as wit;
use crate::{ContainerResult, Failure, Next, Pipeline, Report, Request, Step};

pub use wit::Guest;

/// `pre-process` of the contract.
///
/// # Errors
/// What the pipeline says.
pub fn pre_process<P: Pipeline>(request: wit::Request) -> Result<wit::Step, wit::Failure> {
    let request = typed(request)?;
    let step = P::pre_process(&request, &HostArtifacts)?;
    Ok(lower_step(step)?)
}

/// `post-process` of the contract.
///
/// # Errors
/// What the pipeline says.
pub fn post_process<P: Pipeline>(
    request: wit::Request,
    state: &str,
    results: &[ContainerResult],
) -> Result<wit::Next, wit::Failure> {
    let request = typed(request)?;
    let state = parse(state).map_err(|error| Failure::simulation(format!("state: {error}")))?;
    match P::post_process(&request, state, results, &HostArtifacts)? {
        Next::Done(report) => Ok(wit::Next::Done(lower_report(report))),
        Next::Again(step) => Ok(wit::Next::Again(lower_step(step)?)),
    }
}

fn typed<T: DeserializeOwned>(request: wit::Request) -> Result<Request<T>, Failure> {
    let params = parse(&request.params).map_err(|error| Failure::invalid("", error.to_string()))?;
    Ok(Request { params, inputs: request.inputs, seed: request.seed })
}

fn parse<T: DeserializeOwned>(json: &str) -> Result<T, serde_json::Error> {
    serde_json::from_str(json)
}

fn lower_step<S: Serialize>(step: Step<S>) -> Result<wit::Step, Failure> {
    let state = serde_json::to_string(&step.state)
        .map_err(|error| Failure::simulation(format!("the state is not JSON: {error}")))?;
    Ok(wit::Step { calls: step.calls, state })
}

fn lower_report(report: Report) -> wit::Report {
    let Report { outcome, plots, artifacts } = report;
    wit::Report { outcome: outcome.to_string(), plots, artifacts }
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

            struct Exported;

            impl $crate::glue::Guest for Exported {
                fn describe() -> wit::Manifest {
                    <$pipeline as $crate::Pipeline>::manifest()
                }

                fn pre_process(request: wit::Request) -> Result<wit::Step, wit::Failure> {
                    $crate::glue::pre_process::<$pipeline>(request)
                }

                fn post_process(
                    request: wit::Request,
                    state: String,
                    results: Vec<$crate::ContainerResult>,
                ) -> Result<wit::Next, wit::Failure> {
                    $crate::glue::post_process::<$pipeline>(request, &state, &results)
                }
            }

            $crate::bindings::export_guest!(Exported with_types_in $crate::bindings);
        }
    };
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{Artifacts, Manifest, image};

    /// Counts down in its state, then reports its parameter.
    struct Countdown;

    impl Pipeline for Countdown {
        type Params = u32;
        type State = u32;

        fn manifest() -> Manifest {
            Manifest {
                name: "countdown".into(),
                version: "1.0.0".into(),
                title: String::new(),
                description: String::new(),
                params_schema: "true".into(),
                result_schema: "true".into(),
                images: vec![image("octave", "none")],
                max_resources: crate::octave::script("x", "").build().resources,
                max_parallel: 1,
                examples: vec![],
            }
        }

        fn pre_process(request: &Request<u32>, _: &dyn Artifacts) -> Result<Step<u32>, Failure> {
            match request.params {
                0 => Err(Failure::invalid("", "nothing to count")),
                from => Ok(Step { calls: vec![], state: from }),
            }
        }

        fn post_process(
            request: &Request<u32>,
            state: u32,
            _: &[ContainerResult],
            _: &dyn Artifacts,
        ) -> Result<Next<u32>, Failure> {
            match state {
                0 => Ok(Next::Done(Report::new(&json!({ "from": request.params }))?)),
                more => Ok(Next::Again(Step { calls: vec![], state: more - 1 })),
            }
        }
    }

    fn request(params: &str) -> wit::Request {
        wit::Request { params: params.to_owned(), inputs: vec![], seed: 1 }
    }

    #[test]
    fn state_goes_from_step_to_step_until_the_report() {
        let mut state = pre_process::<Countdown>(request("2")).unwrap().state;
        let mut steps = 0;
        let outcome = loop {
            match post_process::<Countdown>(request("2"), &state, &[]).unwrap() {
                wit::Next::Again(step) => state = step.state,
                wit::Next::Done(report) => break report.outcome,
            }
            steps += 1;
        };
        assert_eq!((steps, outcome.as_str()), (2, r#"{"from":2}"#));
    }

    #[test]
    fn a_refusal_keeps_its_pointer() {
        let refused = pre_process::<Countdown>(request("0"));
        assert_eq!(refused, Err(wit::Failure::Invalid((String::new(), "nothing to count".into()))));
        assert!(matches!(pre_process::<Countdown>(request("\"x\"")), Err(wit::Failure::Invalid(_))));
        assert!(matches!(
            post_process::<Countdown>(request("1"), "{", &[]),
            Err(wit::Failure::Simulation(_))
        ));
    }
}
