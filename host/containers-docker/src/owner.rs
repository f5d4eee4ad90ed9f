//! The process that containers go with: a label of theirs names it, so that whoever comes later can
//! prove that it is gone.

use std::fmt;
use std::fs;
use std::io;
use std::str::FromStr;

use nix::errno::Errno;
use nix::sys::signal::kill;
use nix::unistd::Pid;
use uuid::Uuid;

/// A process of one boot of one machine; its number alone may be another's by now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Owner {
    boot: Uuid,
    /// The namespace in which `process` is a number.
    namespace: u64,
    process: i32,
    /// Clock ticks after the boot.
    started: u64,
}

/// A text that names no process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an owner is a boot, a namespace, a process and when it started")]
pub struct OwnerError;

impl Owner {
    /// This process.
    ///
    /// # Errors
    /// When `/proc` does not tell.
    pub fn this_process() -> io::Result<Self> {
        let process = Pid::this().as_raw();
        let started = status(process).ok_or_else(unknown)?.1;
        Ok(Self { boot: boot()?, namespace: namespace()?, process, started })
    }

    /// True when that process runs no more, for certain. One that is out of sight may run.
    pub(crate) fn is_gone(&self, here: &Self) -> bool {
        if (self.boot, self.namespace) != (here.boot, here.namespace) {
            return false;
        }
        match status(self.process) {
            Some((state, started)) => started != self.started || matches!(state, 'Z' | 'X'),
            // Others may be hidden; a signal still tells whether there is one.
            None => kill(Pid::from_raw(self.process), None) == Err(Errno::ESRCH),
        }
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { boot, namespace, process, started } = self;
        write!(formatter, "{boot} {namespace} {process} {started}")
    }
}

impl FromStr for Owner {
    type Err = OwnerError;

    fn from_str(text: &str) -> Result<Self, OwnerError> {
        let parts: Vec<&str> = text.split(' ').collect();
        let &[boot, namespace, process, started] = parts.as_slice() else { return Err(OwnerError) };
        let process = process.parse().ok().filter(|process| *process > 0).ok_or(OwnerError)?;
        let number = |text: &str| text.parse().map_err(|_| OwnerError);
        let boot = boot.parse().map_err(|_| OwnerError)?;
        Ok(Self { boot, namespace: number(namespace)?, process, started: number(started)? })
    }
}

fn boot() -> io::Result<Uuid> {
    fs::read_to_string("/proc/sys/kernel/random/boot_id")?.trim().parse().map_err(io::Error::other)
}

/// The number in `pid:[4026531836]`.
fn namespace() -> io::Result<u64> {
    let link = fs::read_link("/proc/self/ns/pid")?;
    let digits: String = link.to_string_lossy().chars().filter(char::is_ascii_digit).collect();
    digits.parse().map_err(io::Error::other)
}

/// State and start of a process; nothing when it cannot be seen.
fn status(process: i32) -> Option<(char, u64)> {
    let text = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // Its name may have spaces and brackets; what follows has not.
    let (_, fields) = text.rsplit_once(')')?;
    let mut fields = fields.split_whitespace();
    let state = fields.next()?.chars().next()?;
    Some((state, fields.nth(18)?.parse().ok()?))
}

fn unknown() -> io::Error {
    io::Error::other("/proc does not tell when this process started")
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    fn of(process: u32, here: &Owner) -> Owner {
        let process = i32::try_from(process).unwrap();
        Owner { process, started: status(process).unwrap().1, ..*here }
    }

    #[test]
    fn a_process_is_gone_once_it_has_ended_also_before_its_parent_looks() {
        let here = Owner::this_process().unwrap();
        assert!(!here.is_gone(&here));
        let mut child = Command::new("cat").stdin(Stdio::piped()).spawn().unwrap();
        let owner = of(child.id(), &here);
        assert!(!owner.is_gone(&here));
        child.kill().unwrap();
        while !owner.is_gone(&here) {
            std::thread::yield_now();
        }
        child.wait().unwrap();
        assert!(owner.is_gone(&here));
    }

    #[test]
    fn another_under_the_same_number_is_another() {
        let here = Owner::this_process().unwrap();
        assert!(Owner { started: here.started - 1, ..here }.is_gone(&here));
    }

    #[test]
    fn who_is_out_of_sight_counts_as_alive() {
        let here = Owner::this_process().unwrap();
        let dead = Owner { process: i32::MAX, ..here };
        assert!(dead.is_gone(&here));
        assert!(!Owner { boot: Uuid::nil(), ..dead }.is_gone(&here));
        assert!(!Owner { namespace: 1, ..dead }.is_gone(&here));
    }

    #[test]
    fn owners_read_back_and_nothing_else_is_one() {
        let here = Owner::this_process().unwrap();
        assert_eq!(here.to_string().parse(), Ok(here));
        for text in ["", "1 2 3", "x 1 1 1", &here.to_string().replacen(' ', "  ", 1)] {
            assert_eq!(text.parse::<Owner>(), Err(OwnerError), "{text}");
        }
    }
}
