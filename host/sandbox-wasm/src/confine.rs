//! How a worker gives up what it does not need, before it touches anything of a plugin.

mod isolation;
mod rlimits;
mod seccomp;

use std::io;

use serde::{Deserialize, Serialize};
use simulay_sandbox::SandboxSettings;

/// What a worker is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Role {
    /// Checks and compiles one component, then ends.
    Compile,
    /// Calls plugins, one call after the other.
    Call,
}

/// One thing that a worker is kept from, and whether it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Restriction {
    /// What it is, e.g. `system call filter`.
    pub name: String,
    /// Why this machine does not give it; nothing when it is in force.
    pub refused: Option<String>,
    /// What gives it.
    pub cure: String,
    /// Whether the others stand in for it where it is missing.
    pub redundant: bool,
}

impl Restriction {
    /// True when it is not in force, and nothing stands in for it.
    #[must_use]
    pub const fn is_missing(&self) -> bool {
        self.refused.is_some() && !self.redundant
    }
}

const PROC: &str = "mount /proc, and let it be written";
const NAMESPACES: &str = "run Simulay as root, or allow unprivileged user namespaces (user.max_user_namespaces, \
     kernel.apparmor_restrict_unprivileged_userns); in a container it needs --cap-add SYS_ADMIN and a seccomp \
     and AppArmor profile that lets it mount";
const IDENTITY: &str = "run Simulay as an ordinary user, or as root with CAP_SETUID and CAP_SETGID";
const KERNEL: &str = "use a kernel that has it, and a container runtime that lets it through";
const BOUNDS: &str = "do not lower the hard limits of Simulay (`ulimit -H`) below what a worker needs";

/// Closes all files but the three standard streams; comes before any other is opened.
pub(crate) fn close_inherited() -> Restriction {
    restriction("no inherited files", isolation::close_inherited(), PROC)
}

/// Puts every other restriction in force that this machine has, and tells which. Only for a process with one thread.
///
/// The order matters: the file system is needed for the first, and the filter forbids all the others.
pub(crate) fn confine(role: Role, settings: &SandboxSettings) -> Vec<Restriction> {
    let dies_first = isolation::die_first();
    let no_new_privileges = rustix::thread::set_no_new_privs(true).map_err(Into::into);
    let left = isolation::leave();
    // In the host's own namespace it would be the host that loses its files.
    let emptied =
        if left.is_ok() { isolation::empty_root() } else { Err(io::Error::other("needs namespaces")) };
    vec![
        restriction("first to go when memory is short", dies_first, PROC),
        restriction("no new privileges", no_new_privileges, KERNEL),
        restriction("no network (namespaces)", left, NAMESPACES),
        restriction("an empty file system", emptied, NAMESPACES),
        restriction("no identity, no capabilities", isolation::become_nobody(), IDENTITY),
        Restriction {
            redundant: true,
            ..restriction("file access rules (Landlock)", isolation::forbid_files(), KERNEL)
        },
        restriction("bounds on memory, time and files", rlimits::set(role, settings), BOUNDS),
        restriction("system call filter (seccomp)", seccomp::filter(), KERNEL),
    ]
}

fn restriction(name: &str, outcome: io::Result<()>, cure: &str) -> Restriction {
    let refused = outcome.err().map(|error| error.to_string());
    Restriction { name: name.to_owned(), refused, cure: cure.to_owned(), redundant: false }
}
