//! What a pipeline is asked to simulate.

use std::fmt;

use crate::artifacts::Artifacts;
use crate::contract::Artifact;
use crate::stored::StoredFile;

/// What is to be simulated.
#[derive(Clone)]
pub struct Request<'a, P> {
    /// Parameters, valid against their schema, defaults filled in.
    pub params: P,
    /// Seed of everything random.
    pub seed: u64,
    inputs: &'a [Artifact],
    artifacts: &'a dyn Artifacts,
}

impl<'a, P> Request<'a, P> {
    /// A request with uploaded files.
    #[must_use]
    pub const fn new(params: P, seed: u64, inputs: &'a [Artifact], artifacts: &'a dyn Artifacts) -> Self {
        Self { params, seed, inputs, artifacts }
    }

    /// The files the caller uploaded for this run.
    pub fn inputs(&self) -> impl Iterator<Item = StoredFile<'a>> + use<'a, P> {
        let artifacts = self.artifacts;
        self.inputs.iter().map(move |input| StoredFile::uploaded(input, artifacts))
    }

    /// The uploaded file with this path.
    #[must_use]
    pub fn input(&self, path: &str) -> Option<StoredFile<'a>> {
        self.inputs().find(|input| input.path == path)
    }
}

impl<P: fmt::Debug> fmt::Debug for Request<'_, P> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { params, seed, inputs, .. } = self;
        formatter
            .debug_struct("Request")
            .field("params", params)
            .field("seed", seed)
            .field("inputs", inputs)
            .finish()
    }
}
