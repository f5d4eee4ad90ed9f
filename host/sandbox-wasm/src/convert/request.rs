//! What the host hands to a plugin.

use simulay_model::{Artifact, ContainerResult, Ending, Omission, Request};

use crate::bindings::exports::simulay::plugin::pipeline as wit;
use crate::bindings::simulay::plugin::types;

/// A request as the plugin sees it.
pub(crate) fn request(request: &Request) -> wit::Request {
    wit::Request {
        params: request.params.to_string(),
        inputs: request.inputs.iter().map(artifact).collect(),
        seed: request.seed,
    }
}

/// Results as the plugin sees them.
pub(crate) fn results(results: &[ContainerResult]) -> Vec<types::ContainerResult> {
    results.iter().map(result).collect()
}

fn result(result: &ContainerResult) -> types::ContainerResult {
    types::ContainerResult {
        name: result.name.clone(),
        ending: ending(result.ending),
        stdout: result.stdout.clone(),
        stderr: result.stderr.clone(),
        stdout_omitted: result.stdout_omitted,
        stderr_omitted: result.stderr_omitted,
        outputs: result.outputs.iter().map(artifact).collect(),
        left_out: result.left_out.iter().map(omission).collect(),
        left_out_more: result.left_out_more,
        wall_ms: result.wall_ms,
        cpu_ms: result.cpu_ms,
        peak_memory_bytes: result.peak_memory_bytes,
        reused: result.reused,
    }
}

const fn ending(ending: Ending) -> types::Ending {
    match ending {
        Ending::Exited(code) => types::Ending::Exited(code),
        Ending::Signalled(signal) => types::Ending::Signalled(signal),
        Ending::OutOfMemory => types::Ending::OutOfMemory,
        Ending::TimedOut => types::Ending::TimedOut,
        Ending::ScratchFull => types::Ending::ScratchFull,
        Ending::OutputLimit => types::Ending::OutputLimit,
        Ending::ProcessLimit => types::Ending::ProcessLimit,
    }
}

fn omission(omission: &Omission) -> types::Omission {
    types::Omission { path: omission.path.clone(), reason: omission.reason.clone() }
}

fn artifact(artifact: &Artifact) -> types::Artifact {
    types::Artifact {
        path: artifact.path.as_str().to_owned(),
        size: artifact.size,
        sha256: artifact.sha256.to_string(),
        media_type: artifact.media_type.clone(),
    }
}
