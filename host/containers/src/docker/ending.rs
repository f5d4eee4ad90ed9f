//! How a command ended, from what init says and what Docker says.

use simulay_init::frames::Exit;
use simulay_model::Ending;

const KILL: i32 = 9;

/// The ending, or `None` when init's word makes no sense. `oom_killed` is Docker's flag, which
/// may be missing, or be set although the command itself went on to succeed.
pub(super) fn ending(exit: &Exit, oom_killed: bool) -> Option<Ending> {
    let plain = match (exit.code, exit.signal) {
        (Some(code), None) => Ending::Exited(code),
        (None, Some(signal)) => Ending::Signalled(signal),
        _ => return None,
    };
    let failed = !plain.is_success();
    let short_of_memory = oom_killed || exit.oom_kills > 0;
    Some(match plain {
        _ if exit.timed_out => Ending::TimedOut,
        _ if exit.stream_limit => Ending::OutputLimit,
        Ending::Signalled(KILL) if short_of_memory => Ending::OutOfMemory,
        _ if failed && short_of_memory => Ending::OutOfMemory,
        _ if failed && exit.scratch_full => Ending::ScratchFull,
        plain => plain,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const FINE: Exit = Exit {
        code: Some(0),
        signal: None,
        timed_out: false,
        stream_limit: false,
        terminated: false,
        oom_kills: 0,
        scratch_full: false,
        wall_ms: 1,
    };
    const KILLED: Exit = Exit { code: None, signal: Some(KILL), ..FINE };
    const FAILED: Exit = Exit { code: Some(1), ..FINE };

    #[test]
    fn each_cause_has_its_ending() {
        for (exit, oom_killed, expected) in [
            (FINE, false, Ending::Exited(0)),
            (FAILED, false, Ending::Exited(1)),
            (KILLED, false, Ending::Signalled(9)),
            (Exit { signal: Some(11), ..KILLED }, false, Ending::Signalled(11)),
            (Exit { timed_out: true, oom_kills: 1, ..KILLED }, true, Ending::TimedOut),
            (Exit { stream_limit: true, ..KILLED }, false, Ending::OutputLimit),
            (KILLED, true, Ending::OutOfMemory),
            (Exit { oom_kills: 1, ..KILLED }, false, Ending::OutOfMemory),
            // A shell says 137 for its killed child.
            (Exit { code: Some(137), oom_kills: 1, ..FINE }, false, Ending::OutOfMemory),
            (Exit { scratch_full: true, ..FAILED }, false, Ending::ScratchFull),
            (Exit { scratch_full: true, ..FINE }, false, Ending::Exited(0)),
            (FINE, true, Ending::Exited(0)),
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
