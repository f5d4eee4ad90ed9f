//! The user whom a job is. In most containers that is init's own. Where jobs follow each other, init is root, and
//! each job is a user whom none was before: no process, no file and no right of it is another's.

use std::fs::{self, File, Permissions, set_permissions};
use std::io;
use std::os::unix::fs::{PermissionsExt as _, chown, fchown};
use std::os::unix::process::CommandExt as _;
use std::process::{Command, exit};

use nix::unistd::{Pid, geteuid};
use rustix::process::{Gid, Uid};
use rustix::thread::{
    CapabilitySet, CapabilitySets, set_capabilities, set_thread_groups, set_thread_res_gid,
    set_thread_res_uid,
};
use simulay_init::frames::FAILED;

/// No image has users above it, and init none of its jobs below.
const FIRST: u32 = 100_000;
/// Far more than a container serves.
const MOST_JOBS: u32 = 100_000;
const ROOT: u32 = 0;
/// Of the working directory, as Docker makes it.
const MODE: u32 = 0o755;

/// Whom a job is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum User {
    /// Who init is.
    Own,
    /// Another, and a group of its own; both have this number.
    Other(u32),
}

impl User {
    /// Whom the first job is.
    pub(crate) fn first() -> Self {
        let is_alone = Pid::this().as_raw() == 1;
        if is_alone && geteuid().is_root() { Self::Other(FIRST) } else { Self::Own }
    }

    /// Whom the job after it is.
    pub(crate) fn next(self) -> Self {
        match self {
            Self::Own => Self::Own,
            Self::Other(number) => Self::Other(number.checked_add(1).unwrap_or_else(|| exit(FAILED.into()))),
        }
    }

    /// Does `act` on this thread as that user.
    pub(crate) fn act<T>(self, act: impl FnOnce() -> T) -> T {
        let Self::Other(number) = self else { return act() };
        become_user(number).unwrap_or_else(fail);
        let done = act();
        become_user(ROOT).unwrap_or_else(fail);
        done
    }

    /// Is that user on this thread from now on.
    pub(crate) fn stay(self) {
        if let Self::Other(number) = self {
            become_user(number).unwrap_or_else(fail);
        }
    }

    /// Has a command be that user from its first instruction on.
    pub(crate) fn start_as(self, command: &mut Command) {
        if let Self::Other(number) = self {
            command.uid(number).gid(number);
        }
    }

    /// Gives the working directory to that user.
    pub(crate) fn move_in(self) -> io::Result<()> {
        match self {
            Self::Own => Ok(()),
            Self::Other(number) => {
                // Only its owner changes its mode, and it may have been told of the same job before.
                chown(".", Some(ROOT), Some(ROOT))?;
                set_permissions(".", Permissions::from_mode(MODE))?;
                chown(".", Some(number), Some(number))
            }
        }
    }

    /// Takes the working directory back.
    pub(crate) fn move_out(self) -> io::Result<()> {
        if self == Self::Own {
            return Ok(());
        }
        // It may be closed to all but its user.
        let folder = self.act(|| File::open("."))?;
        fchown(&folder, Some(ROOT), Some(ROOT))?;
        folder.set_permissions(Permissions::from_mode(MODE))
    }
}

/// Whether a user is one of those whom jobs are, where each is another.
pub(crate) const fn is_of_job(user: u32) -> bool {
    user >= FIRST
}

/// Whether there are all the users whom jobs may be: a daemon with a user namespace has few.
pub(crate) fn are_there() -> bool {
    ["/proc/self/uid_map", "/proc/self/gid_map"].into_iter().all(|map| {
        let text = fs::read_to_string(map).unwrap_or_default();
        text.lines().any(|line| covers(line, FIRST, FIRST + MOST_JOBS))
    })
}

/// Whether a line of a map, which is the first within, the first without, and how many, has all of these within.
fn covers(line: &str, first: u32, last: u32) -> bool {
    let mut fields = line.split_whitespace().map(|field| field.parse::<u64>().unwrap_or_default());
    let (Some(begin), Some(_), Some(count)) = (fields.next(), fields.next(), fields.next()) else {
        return false;
    };
    begin <= u64::from(first) && u64::from(last) < begin.saturating_add(count)
}

/// Does `act` on this thread, from now on, with no right of root but to make a process another user.
pub(crate) fn with_rights_of_parent<T>(act: impl FnOnce() -> T) -> io::Result<T> {
    let rights = CapabilitySet::SETUID | CapabilitySet::SETGID;
    let sets = CapabilitySets { effective: rights, permitted: rights, inheritable: CapabilitySet::empty() };
    set_capabilities(None, sets)?;
    Ok(act())
}

/// Belongs to no group of the image, where that made root belong to some; as all threads do that begin after it.
pub(crate) fn leave_groups() -> io::Result<()> {
    if User::first() == User::Own { Ok(()) } else { Ok(set_thread_groups(&[])?) }
}

/// Root stays what this thread may be again. The real one is changed as well, since signals go by that, too.
fn become_user(number: u32) -> io::Result<()> {
    let (user, group) = (Uid::from_raw(number), Gid::from_raw(number));
    let may_be_again = Uid::from_raw(ROOT);
    if number == ROOT {
        set_thread_res_uid(user, user, may_be_again)?;
        set_thread_res_gid(group, group, Gid::from_raw(ROOT))?;
        return Ok(());
    }
    set_thread_res_gid(group, group, Gid::from_raw(ROOT))?;
    Ok(set_thread_res_uid(user, user, may_be_again)?)
}

/// A process that is not who it should be does nothing more.
fn fail<T, E>(_: E) -> T {
    exit(FAILED.into())
}

#[cfg(test)]
mod tests {
    use super::covers;

    #[test]
    fn a_map_has_the_users_of_jobs_or_has_not() {
        assert!(covers("         0          0 4294967295", 100_000, 200_000));
        assert!(!covers("         0     100000      65536", 100_000, 200_000));
        assert!(!covers("", 100_000, 200_000));
    }
}
