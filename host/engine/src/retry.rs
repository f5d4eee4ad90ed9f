//! What is tried again: what the platform broke, within a bound; what the simulation broke, only when
//! the request asks for it.

use std::io;

use simulay_containers::ContainerError;
use simulay_model::{CallEnd, ErrorKind, RunError};

use crate::reuse::Instead;
use crate::verdict;

/// How an attempt ended.
pub(crate) enum Attempt {
    /// With a result, or an error that another attempt would not mend.
    Over(Box<CallEnd>),
    /// The platform broke it: worth another attempt.
    Broken(RunError),
    /// The host had no room for what it left: another attempt follows, however often.
    Parked(RunError),
    /// No node had room for it: it did not begin, and goes on waiting.
    Waiting,
    /// An equal call was or is carried out: it did not begin.
    Instead(Instead),
    /// Stopped from outside; the container is gone.
    Stopped,
}

impl Attempt {
    /// What it failed by; none when it has a result or was stopped.
    pub(crate) fn error(&self) -> Option<ErrorKind> {
        match self {
            Self::Broken(error) | Self::Parked(error) => Some(error.kind),
            Self::Over(end) => match &**end {
                CallEnd::Error(error) => Some(error.kind),
                CallEnd::Result(_) => None,
            },
            Self::Waiting | Self::Instead(_) | Self::Stopped => None,
        }
    }
}

/// What an error of the container runtime makes of an attempt at the call `name`.
pub(crate) fn judge(error: &ContainerError, name: &str) -> Attempt {
    let told = || verdict::of_container(error, name);
    match error {
        ContainerError::Cancelled => Attempt::Stopped,
        ContainerError::Lost(_)
        | ContainerError::Unavailable(_)
        | ContainerError::Closed
        // A lease that is over lets nothing be stored: no other attempt follows from it.
        | ContainerError::Fenced
        | ContainerError::ImageUnavailable { .. } => Attempt::Broken(told()),
        ContainerError::NoRoom(_) => Attempt::Waiting,
        ContainerError::Exchange(source) if source.kind() == io::ErrorKind::StorageFull => {
            Attempt::Parked(told())
        }
        // Damaged bytes stay damaged; anything else the store or its disk may get over.
        ContainerError::Exchange(source)
            if !matches!(source.kind(), io::ErrorKind::InvalidData | io::ErrorKind::NotFound) =>
        {
            Attempt::Broken(told())
        }
        _ => Attempt::Over(Box::new(CallEnd::Error(told()))),
    }
}

/// What is left of the attempts at one call.
pub(crate) struct Budget {
    attempts: u32,
    retries: u32,
    failures: u32,
}

impl Budget {
    /// `attempts` that the platform may break, and `retries` after a failed command.
    pub(crate) const fn new(attempts: u32, retries: u32) -> Self {
        Self { attempts: attempts.saturating_sub(1), retries, failures: 0 }
    }

    /// True when an attempt that the platform broke is followed by another.
    pub(crate) const fn again(&mut self) -> bool {
        Self::take(&mut self.attempts, &mut self.failures)
    }

    /// True when a command that failed so is tried again.
    pub(crate) const fn retry(&mut self, error: &RunError) -> bool {
        let of_the_command = matches!(
            error.kind,
            ErrorKind::ContainerExit
                | ErrorKind::ContainerSignal
                | ErrorKind::ContainerOom
                | ErrorKind::ContainerTimeout
        );
        of_the_command && Self::take(&mut self.retries, &mut self.failures)
    }

    /// How often a pause was due before.
    pub(crate) const fn failures(&self) -> u32 {
        self.failures.saturating_sub(1)
    }

    const fn take(left: &mut u32, failures: &mut u32) -> bool {
        if *left == 0 {
            return false;
        }
        *left -= 1;
        *failures = failures.saturating_add(1);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_platforms_faults_and_the_commands_have_budgets_of_their_own() {
        let exit = RunError::new(ErrorKind::ContainerExit, "code 1");
        let mut budget = Budget::new(3, 1);
        assert!(budget.again() && budget.retry(&exit) && budget.again());
        assert!(!budget.again() && !budget.retry(&exit));
        assert!(!Budget::new(1, 0).again());
    }

    #[test]
    fn a_forbidden_call_is_not_tried_again() {
        let denied = RunError::new(ErrorKind::SpecDenied, "no");
        assert!(!Budget::new(3, 3).retry(&denied));
        let error = ContainerError::SpecDenied { field: "env".to_owned(), rule: "no".to_owned() };
        assert!(matches!(judge(&error, "solve"), Attempt::Over(_)));
    }
}
