//! Why a run did not succeed.

use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr, VariantNames};

/// The stable kinds of run errors; each has its own cause and cure.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, EnumString, IntoStaticStr, VariantNames,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case", parse_err_ty = String, parse_err_fn = unknown)]
pub enum ErrorKind {
    /// The plugin refused the request (its `invalid`); `field` says where.
    ParamsInvalid,
    /// The plugin found the simulation of no use (its `simulation`).
    Simulation,
    /// The plugin's code trapped.
    PluginTrap,
    /// The plugin used up its time.
    PluginCpuLimit,
    /// The plugin used up its memory.
    PluginMemoryLimit,
    /// The plugin asked the host for more than one call may.
    PluginHostcallLimit,
    /// The plugin's answer is over its bound.
    PluginResultTooLarge,
    /// The plugin's answer breaks the contract or its own schema.
    PluginResultInvalid,
    /// The process that ran the plugin died.
    WorkerCrashed,
    /// A container call asks for what is not allowed; `field` says where.
    SpecDenied,
    /// The image is not in the operator's list or not declared by the plugin.
    ImageNotAllowed,
    /// The image is in the list and Docker does not have it.
    ImageUnavailable,
    /// The command exited with another code than 0.
    ContainerExit,
    /// A signal ended the command.
    ContainerSignal,
    /// The command needed more memory than allowed.
    ContainerOom,
    /// The command ran longer than allowed.
    ContainerTimeout,
    /// The command filled its working directory.
    ContainerDiskLimit,
    /// The container or the daemon under it vanished.
    ContainerLost,
    /// The command asked for more processes than allowed.
    ContainerProcessLimit,
    /// The command printed more than allowed.
    OutputLimit,
    /// A file the container left cannot be an artifact. Runs of older versions ended so; now such a file is
    /// left out.
    ArtifactRejected,
    /// Docker does not answer.
    DockerUnavailable,
    /// The host's disk is full.
    StorageLow,
    /// A run went through more steps than allowed.
    StepLimit,
    /// A fault of Simulay itself.
    Internal,
}

impl ErrorKind {
    /// The kind as it is written, e.g. `container_exit`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

fn unknown(text: &str) -> String {
    format!("`{text}` is not a kind of error; use one of {}", ErrorKind::VARIANTS.join(", "))
}

/// The error a run ended with: what happened, where, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct RunError {
    /// Stable kind.
    pub kind: ErrorKind,
    /// One or two plain sentences.
    pub message: String,
    /// JSON Pointer or field name the error is about.
    pub field: Option<String>,
    /// Name of the container call it happened in.
    pub call: Option<String>,
}

impl RunError {
    /// An error that names neither field nor call.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), field: None, call: None }
    }

    /// The same error, about `field`.
    #[must_use]
    pub fn at(mut self, field: impl Into<String>) -> Self {
        self.field = Some(field.into());
        self
    }

    /// The same error, in the container call `name`.
    #[must_use]
    pub fn in_call(mut self, name: impl Into<String>) -> Self {
        self.call = Some(name.into());
        self
    }
}
