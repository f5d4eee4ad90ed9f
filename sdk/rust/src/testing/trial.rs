//! A pipeline from its parameters to its report, with a test in place of the containers.

use std::fmt;
use std::marker::PhantomData;

use serde_json::Value;

use super::answer::{Answer, Call};
use super::memory::MemoryArtifacts;
use super::{documents, rules};
use crate::bindings::exports::simulay::plugin::pipeline as wit;
use crate::contract::{Artifact, ContainerResult, Ending, Kept, OnFailure, Plot, Source};
use crate::glue;
use crate::pipeline::Pipeline;

/// As many as the host allows.
const MAX_STEPS: usize = 100;

/// A run to be tried; [`trial`] begins it.
#[derive(Debug, Clone)]
pub struct Trial<P> {
    params: Value,
    inputs: Vec<Artifact>,
    seed: u64,
    artifacts: MemoryArtifacts,
    pipeline: PhantomData<P>,
}

/// A trial of the pipeline `P` with these parameters, as a caller would give them.
#[must_use]
pub fn trial<P: Pipeline>(params: Value) -> Trial<P> {
    let (inputs, artifacts) = (Vec::new(), MemoryArtifacts::default());
    Trial { params, inputs, seed: 0, artifacts, pipeline: PhantomData }
}

/// What a run ends with.
#[derive(Debug, Clone)]
pub struct Done {
    /// The outcome, valid against its schema.
    pub outcome: Value,
    /// Line plots.
    pub plots: Vec<Plot>,
    /// Files offered for download.
    pub files: Vec<Kept>,
    /// The calls of each step.
    pub steps: Vec<Vec<Call>>,
    artifacts: MemoryArtifacts,
}

impl Done {
    /// The content of a file offered under this name.
    #[must_use]
    pub fn file(&self, name: &str) -> Option<&[u8]> {
        self.artifacts.content_of(&self.files.iter().find(|file| file.name == name)?.content)
    }

    /// The names of the files offered.
    #[must_use]
    pub fn file_names(&self) -> Vec<&str> {
        self.files.iter().map(|file| file.name.as_str()).collect()
    }
}

/// Why a run ends without a report.
#[derive(Debug, Clone, PartialEq)]
pub enum Stop {
    /// The parameters break their schema; one sentence for each place.
    Params(Vec<String>),
    /// The pipeline refuses the request: JSON Pointer, message.
    Invalid(String, String),
    /// The simulation gave no usable answer.
    Simulation(String),
    /// A container did not exit with code 0, and its failure fails the run.
    Call {
        /// Name of the call.
        name: String,
        /// How it ended.
        ending: Ending,
    },
    /// The plugin does what the host refuses.
    Broken(String),
}

impl Stop {
    /// Where the pipeline refuses the request; empty for the whole of it, none for any other end.
    #[must_use]
    pub fn pointer(&self) -> Option<&str> {
        match self {
            Self::Invalid(pointer, _) => Some(pointer),
            _ => None,
        }
    }
}

impl fmt::Display for Stop {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Params(errors) => formatter.write_str(&errors.join("; ")),
            Self::Invalid(pointer, message) => write!(formatter, "{pointer}: {message}"),
            Self::Simulation(message) | Self::Broken(message) => formatter.write_str(message),
            Self::Call { name, ending } => write!(formatter, "`{name}` ended by {ending:?}"),
        }
    }
}

impl std::error::Error for Stop {}

impl From<wit::Failure> for Stop {
    fn from(failure: wit::Failure) -> Self {
        match failure {
            wit::Failure::Invalid((pointer, message)) => Self::Invalid(pointer, message),
            wit::Failure::Simulation(message) => Self::Simulation(message),
        }
    }
}

impl<P: Pipeline> Trial<P> {
    /// With an uploaded file.
    #[must_use]
    pub fn input(mut self, path: &str, content: impl Into<Vec<u8>>) -> Self {
        self.inputs.push(self.artifacts.add(path, content));
        self
    }

    /// With another seed than 0.
    #[must_use]
    pub const fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// The calls of the first step; nothing is run.
    ///
    /// # Errors
    /// When there is no step, or the host would refuse it.
    pub fn plan(&self) -> Result<Vec<Call>, Stop> {
        let manifest = glue::describe::<P>();
        let step = glue::pre_process::<P>(&self.request(&manifest)?, &self.artifacts)?;
        rules::admit(step.calls, &manifest).map_err(Stop::Broken)
    }

    /// Runs to the end; `answer` says what each container leaves.
    ///
    /// # Errors
    /// When there is no report, or the host would refuse something on the way.
    pub fn run(mut self, mut answer: impl FnMut(&Call) -> Answer) -> Result<Done, Stop> {
        let manifest = glue::describe::<P>();
        let request = self.request(&manifest)?;
        let mut steps = Vec::new();
        let mut step = glue::pre_process::<P>(&request, &self.artifacts)?;
        while steps.len() < MAX_STEPS {
            let calls = rules::admit(step.calls, &manifest).map_err(Stop::Broken)?;
            let results: Result<Vec<_>, Stop> =
                calls.iter().map(|call| self.carry_out(call, answer(call))).collect();
            steps.push(calls);
            match glue::post_process::<P>(&request, &step.state, &results?, &self.artifacts)? {
                wit::Next::Done(report) => return self.finish(report, steps, &manifest),
                wit::Next::Again(next) => step = next,
            }
        }
        Err(Stop::Broken(format!("no report after {MAX_STEPS} steps")))
    }

    fn request(&self, manifest: &wit::Manifest) -> Result<wit::Request, Stop> {
        let schema = rules::parse("params-schema", &manifest.params_schema).map_err(Stop::Broken)?;
        let params = documents::complete(&schema, &self.params).map_err(Stop::Params)?;
        Ok(wit::Request { params: params.to_string(), inputs: self.inputs.clone(), seed: self.seed })
    }

    fn carry_out(&mut self, call: &Call, answer: Answer) -> Result<ContainerResult, Stop> {
        for file in &call.files {
            self.known(&file.content).map_err(Stop::Broken)?;
        }
        let name = call.name.clone();
        let Answer { result, mut files } = answer;
        if result.ending != Ending::Exited(0) && call.on_failure == OnFailure::FailRun {
            return Err(Stop::Call { name, ending: result.ending });
        }
        files.retain(|(path, content)| self.keeps(call, path, content));
        let outputs = files.into_iter().map(|(path, content)| self.artifacts.add(&path, content)).collect();
        Ok(ContainerResult { name, outputs, ..result })
    }

    fn keeps(&self, call: &Call, path: &str, content: &[u8]) -> bool {
        let placed = call.files.iter().find(|file| file.path == path);
        let unchanged = placed.is_some_and(|file| self.artifacts.content_of(&file.content) == Some(content));
        rules::keeps(call, path) && (call.keep_unchanged || !unchanged)
    }

    fn finish(
        self,
        report: wit::Report,
        steps: Vec<Vec<Call>>,
        manifest: &wit::Manifest,
    ) -> Result<Done, Stop> {
        let wit::Report { outcome, plots, artifacts: files } = report;
        let schema = rules::parse("result-schema", &manifest.result_schema).map_err(Stop::Broken)?;
        let outcome = rules::parse("outcome", &outcome).map_err(Stop::Broken)?;
        documents::check(&schema, &outcome)
            .map_err(|errors| Stop::Broken(format!("outcome: {}", errors.join("; "))))?;
        rules::check_plots(&plots).map_err(Stop::Broken)?;
        rules::check_kept(&files).map_err(Stop::Broken)?;
        files.iter().try_for_each(|file| self.known(&file.content)).map_err(Stop::Broken)?;
        Ok(Done { outcome, plots, files, steps, artifacts: self.artifacts })
    }

    fn known(&self, source: &Source) -> Result<(), String> {
        match source {
            Source::Artifact(sha256) if self.artifacts.content(sha256).is_none() => {
                Err(format!("{sha256} is no artifact of this run"))
            }
            _ => Ok(()),
        }
    }
}
