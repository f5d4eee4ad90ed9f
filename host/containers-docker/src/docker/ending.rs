//! How a command ended, from what init says and what Docker says.

use simulay_init::frames::Exit;
use simulay_model::Ending;

/// The ending, or `None` when init's word makes no sense. `oom_killed` is Docker's flag, which may be missing.
pub(super) fn ending(exit: &Exit, oom_killed: bool) -> Option<Ending> {
    let plain = match (exit.code, exit.signal) {
        (Some(code), None) => Ending::Exited(code),
        (None, Some(signal)) => Ending::Signalled(signal),
        _ => return None,
    };
    // A bound that was hit is told whatever the command made of it: what it left may be half of it.
    Some(match plain {
        _ if exit.timed_out => Ending::TimedOut,
        _ if exit.stream_limit => Ending::OutputLimit,
        _ if oom_killed || exit.oom_kills.is_some_and(|kills| kills > 0) => Ending::OutOfMemory,
        _ if exit.scratch_full => Ending::ScratchFull,
        _ if exit.refused_processes > 0 => Ending::ProcessLimit,
        plain => plain,
    })
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A command that succeeded, and nothing else to say.
    pub(in crate::docker) const FINE: Exit = Exit {
        code: Some(0),
        signal: None,
        timed_out: false,
        stream_limit: false,
        terminated: false,
        stopped: false,
        oom_kills: Some(0),
        refused_processes: 0,
        scratch_full: false,
        wall_ms: 1,
        cpu_ms: None,
        peak_memory_bytes: None,
    };
    const KILLED: Exit = Exit { code: None, signal: Some(9), ..FINE };
    const FAILED: Exit = Exit { code: Some(1), ..FINE };

    #[test]
    fn each_cause_has_its_ending() {
        for (exit, oom_killed, expected) in [
            (FINE, false, Ending::Exited(0)),
            (FAILED, false, Ending::Exited(1)),
            (KILLED, false, Ending::Signalled(9)),
            (Exit { signal: Some(11), ..KILLED }, false, Ending::Signalled(11)),
            (Exit { timed_out: true, oom_kills: Some(1), ..KILLED }, true, Ending::TimedOut),
            (Exit { stream_limit: true, ..KILLED }, false, Ending::OutputLimit),
            (KILLED, true, Ending::OutOfMemory),
            (Exit { oom_kills: Some(1), ..KILLED }, false, Ending::OutOfMemory),
            // A shell says 137 for its killed child.
            (Exit { code: Some(137), oom_kills: Some(1), ..FINE }, false, Ending::OutOfMemory),
            (Exit { scratch_full: true, ..FAILED }, false, Ending::ScratchFull),
            (Exit { scratch_full: true, ..FINE }, false, Ending::ScratchFull),
            (Exit { scratch_full: true, oom_kills: Some(1), ..FINE }, false, Ending::OutOfMemory),
            // A helper of a command that went on.
            (FINE, true, Ending::OutOfMemory),
            (Exit { oom_kills: Some(1), ..FINE }, false, Ending::OutOfMemory),
            (Exit { refused_processes: 2, ..FINE }, false, Ending::ProcessLimit),
            (Exit { refused_processes: 2, ..FAILED }, false, Ending::ProcessLimit),
        ] {
            assert_eq!(ending(&exit, oom_killed), Some(expected), "{exit:?}");
        }
    }

    #[test]
    fn an_exit_that_is_neither_or_both_is_none() {
        assert_eq!(ending(&Exit { code: None, ..FINE }, false), None);
        assert_eq!(ending(&Exit { signal: Some(9), ..FINE }, false), None);
    }
}
