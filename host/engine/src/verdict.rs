//! From what happened to the error a run ends with.

use simulay_containers::ContainerError;
use simulay_model::{Chain, ContainerResult, Ending, ErrorKind, Failure, RunError};
use simulay_sandbox::CallError;

use crate::EngineError;

/// The error of a container that did not end well under `on-failure: fail-run`; `None` for exit code 0.
pub(crate) fn of_ending(result: &ContainerResult) -> Option<RunError> {
    let (kind, what) = match result.ending {
        Ending::Exited(0) => return None,
        Ending::Exited(code) => (ErrorKind::ContainerExit, format!("the command exited with code {code}")),
        Ending::Signalled(signal) => {
            (ErrorKind::ContainerSignal, format!("signal {signal} ended the command"))
        }
        Ending::OutOfMemory => {
            let what = "the command, or a process it started, needed more memory than `memory_mib` allows";
            (ErrorKind::ContainerOom, what.to_owned())
        }
        Ending::TimedOut => {
            (ErrorKind::ContainerTimeout, "the command ran longer than `timeout_ms` allows".to_owned())
        }
        Ending::ScratchFull => (
            ErrorKind::ContainerDiskLimit,
            "the working directory (`scratch_mib`), /tmp or /dev/shm was full at some moment; files may lack \
             their end"
                .to_owned(),
        ),
        Ending::ProcessLimit => (
            ErrorKind::ContainerProcessLimit,
            "the command asked for more processes at once than the operator allows".to_owned(),
        ),
        Ending::OutputLimit => {
            let what = "the command printed more than the operator allows (`max_stream_bytes`)";
            (ErrorKind::OutputLimit, what.to_owned())
        }
    };
    let message = match last_words(&result.stderr) {
        Some(words) => format!("{what}; its last words: {words}"),
        None => what,
    };
    Some(RunError::new(kind, message).in_call(&result.name))
}

/// Octave says this at every exit (7.3); it tells nothing.
const NOISE: &str = "ignoring const execution_exception& while preparing to exit";

/// The most of a message that is shown: the begin of what is longer.
const MOST_WORDS: usize = 4096;

/// What says most: Octave's last error with all its lines and the places it came from, else the last line.
fn last_words(stderr: &str) -> Option<String> {
    let mut lines: Vec<&str> = stderr.lines().filter(|line| !line.contains(NOISE)).collect();
    while lines.last().is_some_and(|line| line.trim().is_empty()) {
        lines.pop();
    }
    let is_error = |line: &&str| line.starts_with("error: ") && !line.starts_with("error: called from");
    let begin = lines.iter().rposition(is_error).unwrap_or(lines.len().checked_sub(1)?);
    let words = lines.get(begin..)?.join("\n");
    Some(bounded(words.trim()))
}

fn bounded(words: &str) -> String {
    match words.char_indices().nth(MOST_WORDS) {
        Some((end, _)) => format!("{} …", words.get(..end).unwrap_or(words)),
        None => words.to_owned(),
    }
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
        ContainerError::Lost(_) | ContainerError::Cancelled | ContainerError::Fenced => {
            ErrorKind::ContainerLost
        }
        ContainerError::Unavailable(_) | ContainerError::NoRoom(_) | ContainerError::Closed => {
            ErrorKind::DockerUnavailable
        }
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
pub(crate) fn of_damage(error: &EngineError) -> RunError {
    RunError::new(ErrorKind::Internal, format!("the data of the run cannot be read: {}", Chain(error)))
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
        assert_eq!(last_words(stderr).as_deref(), Some("error: 'foo' undefined"));
        assert_eq!(last_words("warning: y\nx\n\n").as_deref(), Some("x"));
        assert_eq!(last_words("\n"), None);
    }

    #[test]
    fn the_last_words_are_the_whole_message_and_where_it_came_from() {
        let stderr = "warning: x\n\nerror: the mesh is empty:\n  no node\n\n  no edge\nerror: called from\n    \
                      f at line 2 column 5\n    main at line 19 column 1\n\n";
        let words = last_words(stderr).unwrap();
        assert_eq!(words, stderr.trim().strip_prefix("warning: x\n\n").unwrap());
        let long = last_words(&format!("error: {}\n", "é".repeat(10_000))).unwrap();
        assert_eq!(long.chars().count(), MOST_WORDS + 2);
    }
}
