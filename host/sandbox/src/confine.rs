//! How a worker gives up what it does not need, before it touches anything of a plugin.

mod bounds;
mod syscalls;
mod world;

use std::io;

use serde::{Deserialize, Serialize};

use crate::settings::SandboxSettings;

/// What a worker is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Role {
    /// Checks and compiles one component, then ends.
    Compile,
    /// Calls plugins, one call after the other.
    Call,
}

/// One thing that keeps a worker in its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Measure {
    /// What it is, e.g. `system call filter`.
    pub name: String,
    /// Why this machine does not give it; nothing when it is in force.
    pub refused: Option<String>,
    /// What gives it.
    pub cure: String,
    /// Whether the others stand in for it where it is missing.
    pub spare: bool,
}

impl Measure {
    /// True when it is not in force, and nothing stands in for it.
    #[must_use]
    pub const fn is_missing(&self) -> bool {
        self.refused.is_some() && !self.spare
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
pub(crate) fn close_inherited() -> Measure {
    measure("no inherited files", world::close_inherited(), PROC)
}

/// Takes every other measure this machine has, and tells which. Only for a process with one thread.
///
/// The order matters: the file system is needed for the first, and the filter forbids all the others.
pub(crate) fn confine(role: Role, settings: &SandboxSettings) -> Vec<Measure> {
    let dies_first = world::die_first();
    let no_new_privileges = rustix::thread::set_no_new_privs(true).map_err(Into::into);
    let left = world::leave();
    // In the host's own namespace it would be the host that loses its files.
    let emptied = if left.is_ok() { world::empty_root() } else { Err(io::Error::other("needs namespaces")) };
    vec![
        measure("first to go when memory is short", dies_first, PROC),
        measure("no new privileges", no_new_privileges, KERNEL),
        measure("no network (namespaces)", left, NAMESPACES),
        measure("an empty file system", emptied, NAMESPACES),
        measure("no identity, no capabilities", world::become_nobody(), IDENTITY),
        Measure { spare: true, ..measure("file access rules (Landlock)", world::forbid_files(), KERNEL) },
        measure("bounds on memory, time and files", bounds::set(role, settings), BOUNDS),
        measure("system call filter (seccomp)", syscalls::filter(), KERNEL),
    ]
}

fn measure(name: &str, outcome: io::Result<()>, cure: &str) -> Measure {
    let refused = outcome.err().map(|error| error.to_string());
    Measure { name: name.to_owned(), refused, cure: cure.to_owned(), spare: false }
}
