//! The contract's types: as they are where they are plain, typed where the contract says JSON.

use std::fmt;

pub use crate::bindings::exports::simulay::plugin::pipeline::{Kept, Plot, Series};
pub use crate::bindings::simulay::plugin::types::{
    Artifact, ContainerCall, ContainerResult, Ending, File, Omission, OnFailure, Resources, Source,
};

/// One round of container calls, run side by side.
#[derive(Debug, Clone, PartialEq)]
pub struct Step<S = ()> {
    /// What to run.
    pub calls: Vec<ContainerCall>,
    /// Handed back to `post_process`.
    pub state: S,
}

impl<S> Step<S> {
    /// Runs `calls` and remembers `state`.
    #[must_use]
    pub const fn new(state: S, calls: Vec<ContainerCall>) -> Self {
        Self { calls, state }
    }
}

impl From<ContainerCall> for Step {
    fn from(call: ContainerCall) -> Self {
        Self::new((), vec![call])
    }
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// The request cannot be simulated; the caller can mend it.
    Invalid {
        /// JSON Pointer (RFC 6901) into the parameters.
        pointer: String,
        /// What is wrong there.
        message: String,
    },
    /// The simulation ran and gave no usable answer.
    Simulation(String),
}

impl Failure {
    /// The parameter at `pointer` is wrong.
    pub fn invalid(pointer: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Invalid { pointer: pointer.into(), message: message.into() }
    }

    /// The simulation gave no usable answer.
    pub fn simulation(message: impl Into<String>) -> Self {
        Self::Simulation(message.into())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invalid { pointer, message } if pointer.is_empty() => formatter.write_str(message),
            Self::Invalid { pointer, message } => write!(formatter, "{pointer}: {message}"),
            Self::Simulation(message) => formatter.write_str(message),
        }
    }
}

impl std::error::Error for Failure {}
