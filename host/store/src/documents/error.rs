//! Why a run or a call did not succeed: a document of a run, and part of others.

use serde::{Deserialize, Serialize};
use simulay_model::{ErrorKind, RunError};

#[derive(Serialize, Deserialize)]
pub struct StoredError {
    #[serde(with = "StoredErrorKind")]
    kind: ErrorKind,
    message: String,
    field: Option<String>,
    call: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(remote = "ErrorKind", rename_all = "snake_case")]
enum StoredErrorKind {
    ParamsInvalid,
    Simulation,
    PluginTrap,
    PluginCpuLimit,
    PluginMemoryLimit,
    PluginHostcallLimit,
    PluginResultTooLarge,
    PluginResultInvalid,
    WorkerCrashed,
    SpecDenied,
    ImageNotAllowed,
    ImageUnavailable,
    ContainerExit,
    ContainerSignal,
    ContainerOom,
    ContainerTimeout,
    ContainerDiskLimit,
    ContainerLost,
    ContainerProcessLimit,
    OutputLimit,
    ArtifactRejected,
    DockerUnavailable,
    StorageLow,
    StepLimit,
    Internal,
}

stored!(RunError as StoredError);

impl From<&RunError> for StoredError {
    fn from(error: &RunError) -> Self {
        let RunError { kind, message, field, call } = error.clone();
        Self { kind, message, field, call }
    }
}

impl From<StoredError> for RunError {
    fn from(StoredError { kind, message, field, call }: StoredError) -> Self {
        Self { kind, message, field, call }
    }
}
