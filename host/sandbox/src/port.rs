//! What the engine asks of a sandbox. Everything that goes in or out is owned and serialisable, so
//! that a sandbox can be another process.

use std::sync::Arc;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use simulay_model::{ContainerResult, Digest, Document, Failure, Inspection, LogLevel, Next, Request, Step};

use crate::{CallError, InspectError};

/// Runs plugin code where it can do no harm.
#[async_trait]
pub trait Sandbox: Send + Sync {
    /// Checks an upload against the contract, compiles it and asks it to describe itself.
    async fn inspect(&self, component: Arc<[u8]>) -> Result<Inspection, InspectError>;

    /// Calls an export of a plugin, in a fresh instance that is thrown away afterwards.
    async fn call(
        &self,
        plugin: Digest,
        code: &dyn Code,
        call: Call,
        artifacts: Arc<dyn ReadArtifacts>,
    ) -> Result<Answered, CallError>;
}

/// Where a sandbox gets a component it has not compiled yet.
#[async_trait]
pub trait Code: Send + Sync {
    /// The bytes of the component `plugin`, whose digest they have.
    async fn load(&self, plugin: Digest) -> std::io::Result<Arc<[u8]>>;
}

/// Reads parts of the artifacts of one run; called from a thread that may block.
pub trait ReadArtifacts: Send + Sync {
    /// Up to `length` bytes from `offset`; fewer at the end, none past it.
    ///
    /// # Errors
    /// `NotFound` when the run has no such artifact; any other kind is a fault of the host.
    fn read(&self, artifact: Digest, offset: u64, length: u64) -> std::io::Result<Vec<u8>>;
}

/// An export and its arguments.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Call {
    /// `pre-process(request)`.
    PreProcess(Request),
    /// `post-process(request, state, results)`.
    PostProcess {
        /// As in `pre-process`.
        request: Request,
        /// As the step left it.
        state: Document,
        /// One per call of the step, in its order.
        results: Vec<ContainerResult>,
    },
}

/// What a call gave.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Answered {
    /// The plugin's answer.
    pub answer: Result<Answer, Failure>,
    /// What it wrote to the log of the run, in order, within bounds.
    pub messages: Vec<(LogLevel, String)>,
}

/// The answer of an export.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// Of `pre-process`.
    Step(Step),
    /// Of `post-process`.
    Next(Next),
}

/// An answer without messages.
impl From<Result<Answer, Failure>> for Answered {
    fn from(answer: Result<Answer, Failure>) -> Self {
        Self { answer, messages: Vec::new() }
    }
}
