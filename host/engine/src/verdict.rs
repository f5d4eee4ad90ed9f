//! From what happened to the error a run ends with.

use simulay_containers::ContainerError;
use simulay_model::{ContainerResult, Ending, ErrorKind, Failure, RunError};
use simulay_sandbox::CallError;
use simulay_store::StoreError;

/// The error of a container that did not end well under `on-failure: fail-run`; `None` for exit code 0.
pub(crate) fn of_ending(result: &ContainerResult) -> Option<RunError> {
    let (kind, what) = match result.ending {
        Ending::Exited(0) => return None,
        Ending::Exited(code) => (ErrorKind::ContainerExit, format!("the command exited with code {code}")),
        Ending::Signalled(signal) => {
            (ErrorKind::ContainerSignal, format!("signal {signal} ended the command"))
        }
        Ending::OutOfMemory => {
            (ErrorKind::ContainerOom, "the command needed more memory than `memory_mib` allows".to_owned())
        }
        Ending::TimedOut => {
            (ErrorKind::ContainerTimeout, "the command ran longer than `timeout_ms` allows".to_owned())
        }
        Ending::ScratchFull => (
            ErrorKind::ContainerDiskLimit,
            "the command filled its working directory; `scratch_mib` is its size".to_owned(),
        ),
        Ending::ProcessLimit => (
            ErrorKind::ContainerProcessLimit,
            "the command asked for more processes at once than the operator allows".to_owned(),
        ),
        Ending::OutputLimit => {
            (ErrorKind::OutputLimit, "the command printed or left more than the operator allows".to_owned())
        }
    };
    let message = match last_line(&result.stderr) {
        Some(line) => format!("{what}; its last words: {line}"),
        None => what,
    };
    Some(RunError::new(kind, message).in_call(&result.name))
}

/// Octave says this at every exit (7.3); it tells nothing.
const NOISE: &str = "ignoring const execution_exception& while preparing to exit";

/// The line that says most: Octave's last error, else the last line there is.
fn last_line(stderr: &str) -> Option<String> {
    let mut lines = stderr.lines().map(str::trim).filter(|line| !line.is_empty() && !line.contains(NOISE));
    let is_error = |line: &&str| line.starts_with("error: ") && !line.starts_with("error: called from");
    let line = lines.clone().rfind(is_error).or_else(|| lines.next_back())?;
    Some(line.chars().take(300).collect())
}

/// The error of a call that could not be carried out.
pub(crate) fn of_container(error: &ContainerError, call: &str) -> RunError {
    let kind = match error {
        ContainerError::SpecDenied { field, .. } => {
            return RunError::new(ErrorKind::SpecDenied, error.to_string()).at(field).in_call(call);
        }
        ContainerError::ImageNotAllowed { .. } | ContainerError::ForeignInit { .. } => {
            ErrorKind::ImageNotAllowed
        }
        ContainerError::ImageUnavailable { .. } => ErrorKind::ImageUnavailable,
        ContainerError::CommandRefused(_) => ErrorKind::ContainerExit,
        ContainerError::InputsTooLarge(_) => ErrorKind::ContainerDiskLimit,
        ContainerError::Lost(_) | ContainerError::Cancelled => ErrorKind::ContainerLost,
        ContainerError::Unavailable(_) => ErrorKind::DockerUnavailable,
        ContainerError::Exchange(source) if source.kind() == std::io::ErrorKind::StorageFull => {
            ErrorKind::StorageLow
        }
        ContainerError::Exchange(_) => ErrorKind::Internal,
    };
    RunError::new(kind, error.to_string()).in_call(call)
}

/// The error of a plugin that failed.
pub(crate) fn of_plugin(error: &CallError) -> RunError {
    let kind = match error {
        CallError::Trap(_) => ErrorKind::PluginTrap,
        CallError::CpuLimit(_) => ErrorKind::PluginCpuLimit,
        CallError::MemoryLimit(_) => ErrorKind::PluginMemoryLimit,
        CallError::HostcallLimit(_) => ErrorKind::PluginHostcallLimit,
        CallError::ResultTooLarge(_) => ErrorKind::PluginResultTooLarge,
        CallError::ResultInvalid { field, .. } => {
            return RunError::new(ErrorKind::PluginResultInvalid, error.to_string()).at(field);
        }
        CallError::WorkerCrashed => ErrorKind::WorkerCrashed,
        CallError::Host(_) => ErrorKind::Internal,
    };
    RunError::new(kind, error.to_string())
}

/// The error of a plugin that gave up.
pub(crate) fn of_failure(failure: Failure) -> RunError {
    match failure {
        Failure::Invalid { pointer, message } => RunError::new(ErrorKind::ParamsInvalid, message).at(pointer),
        Failure::Simulation(message) => RunError::new(ErrorKind::Simulation, message),
    }
}

/// The error of a run whose data cannot be read any more.
pub(crate) fn of_store(error: &StoreError) -> RunError {
    RunError::new(ErrorKind::Internal, format!("the data of the run cannot be read: {error}"))
}

/// The error of a sandbox that answered another call than it was asked.
pub(crate) fn wrong_answer() -> RunError {
    RunError::new(ErrorKind::Internal, "the sandbox answered another call than it was asked")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_words_are_not_octaves_noise() {
        let stderr = "warning: x\nerror: 'foo' undefined\nerror: ignoring const execution_exception& while preparing to exit\n";
        assert_eq!(last_line(stderr).as_deref(), Some("error: 'foo' undefined"));
        let traced = "error: the mesh is empty\nerror: called from\n    main at line 19 column 1\n\n";
        assert_eq!(last_line(traced).as_deref(), Some("error: the mesh is empty"));
        assert_eq!(last_line("warning: y\nx\n").as_deref(), Some("x"));
        assert_eq!(last_line("\n"), None);
    }
}
