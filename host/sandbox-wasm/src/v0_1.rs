//! Version 0.1.0 of the contract: what it says otherwise than the latest, and what that means in the latest.

use wasmtime::component::{ComponentType, Lift, Lower};

use crate::bindings::exports::simulay::plugin::pipeline as wit;
use crate::bindings::simulay::plugin::types;
use crate::dialect::Dialect;

/// The shapes of 0.1.0.
pub(crate) struct V0_1;

impl Dialect for V0_1 {
    type Step = Step;
    type Next = Next;
    type Result = ContainerResult;
}

// What a plugin says

/// A container call, which excludes nothing and keeps what it left unchanged.
#[derive(ComponentType, Lift)]
#[component(record)]
pub(crate) struct ContainerCall {
    name: String,
    image: String,
    command: Vec<String>,
    env: Vec<(String, String)>,
    files: Vec<types::File>,
    outputs: Vec<String>,
    resources: types::Resources,
    #[component(name = "on-failure")]
    on_failure: types::OnFailure,
    deterministic: bool,
}

/// A step of such calls.
#[derive(ComponentType, Lift)]
#[component(record)]
pub(crate) struct Step {
    calls: Vec<ContainerCall>,
    state: String,
}

/// What follows a step.
#[derive(ComponentType, Lift)]
#[component(variant)]
pub(crate) enum Next {
    #[component(name = "done")]
    Done(wit::Report),
    #[component(name = "again")]
    Again(Step),
}

impl From<ContainerCall> for types::ContainerCall {
    fn from(said: ContainerCall) -> Self {
        Self {
            name: said.name,
            image: said.image,
            command: said.command,
            env: said.env,
            files: said.files,
            outputs: said.outputs,
            excludes: Vec::new(),
            keep_unchanged: true,
            resources: said.resources,
            on_failure: said.on_failure,
            deterministic: said.deterministic,
        }
    }
}

impl From<Step> for wit::Step {
    fn from(said: Step) -> Self {
        Self { calls: said.calls.into_iter().map(Into::into).collect(), state: said.state }
    }
}

impl From<Next> for wit::Next {
    fn from(said: Next) -> Self {
        match said {
            Next::Done(report) => Self::Done(report),
            Next::Again(step) => Self::Again(step.into()),
        }
    }
}

// What it is told

/// How a container ended.
#[derive(ComponentType, Lower)]
#[component(variant)]
#[cfg_attr(test, derive(Debug, PartialEq))]
pub(crate) enum Ending {
    #[component(name = "exited")]
    Exited(i32),
    #[component(name = "signalled")]
    Signalled(i32),
    #[component(name = "out-of-memory")]
    OutOfMemory,
    #[component(name = "timed-out")]
    TimedOut,
    #[component(name = "scratch-full")]
    ScratchFull,
    #[component(name = "output-limit")]
    OutputLimit,
}

/// What came of a call, without what was left out and what it used.
#[derive(ComponentType, Lower)]
#[component(record)]
pub(crate) struct ContainerResult {
    name: String,
    ending: Ending,
    stdout: String,
    stderr: String,
    outputs: Vec<types::Artifact>,
    #[component(name = "wall-ms")]
    wall_ms: u64,
    reused: bool,
}

impl From<types::Ending> for Ending {
    fn from(ending: types::Ending) -> Self {
        match ending {
            types::Ending::Exited(code) => Self::Exited(code),
            types::Ending::Signalled(signal) => Self::Signalled(signal),
            // The nearest it has a word for: the command needed more than it was allowed.
            types::Ending::OutOfMemory | types::Ending::ProcessLimit => Self::OutOfMemory,
            types::Ending::TimedOut => Self::TimedOut,
            types::Ending::ScratchFull => Self::ScratchFull,
            types::Ending::OutputLimit => Self::OutputLimit,
        }
    }
}

impl From<types::ContainerResult> for ContainerResult {
    fn from(result: types::ContainerResult) -> Self {
        Self {
            name: result.name,
            ending: result.ending.into(),
            stdout: result.stdout,
            stderr: result.stderr,
            outputs: result.outputs,
            wall_ms: result.wall_ms,
            reused: result.reused,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_asks_for_what_it_always_did() {
        let said = ContainerCall {
            name: "solve".into(),
            image: "octave".into(),
            command: vec!["octave-cli".into()],
            env: Vec::new(),
            files: Vec::new(),
            outputs: vec!["**".into()],
            resources: types::Resources { cpu_milli: 1, memory_mib: 2, scratch_mib: 3, timeout_ms: 4 },
            on_failure: types::OnFailure::Report,
            deterministic: true,
        };
        let step = wit::Step::from(Step { calls: vec![said], state: "null".into() });
        let call = &step.calls[0];
        assert!(call.keep_unchanged && call.excludes.is_empty() && call.deterministic);
        assert_eq!((call.outputs[0].as_str(), call.resources.timeout_ms), ("**", 4));
    }

    #[test]
    fn an_ending_it_has_no_word_for_is_no_success() {
        assert_eq!(Ending::from(types::Ending::ProcessLimit), Ending::OutOfMemory);
        assert_eq!(Ending::from(types::Ending::Exited(3)), Ending::Exited(3));
    }
}
