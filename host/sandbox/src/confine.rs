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
    /// Whether the others stand in for it where it is missing.
    pub spare: bool,
}

/// Closes all files but the three standard streams; comes before any other is opened.
pub(crate) fn close_inherited() -> Measure {
    measure("no inherited files", world::close_inherited())
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
        measure("first to go when memory is short", dies_first),
        measure("no new privileges", no_new_privileges),
        measure("no network (namespaces)", left),
        measure("an empty file system", emptied),
        measure("no identity, no capabilities", world::become_nobody()),
        Measure { spare: true, ..measure("file access rules (Landlock)", world::forbid_files()) },
        measure("bounds on memory, time and files", bounds::set(role, settings)),
        measure("system call filter (seccomp)", syscalls::filter()),
    ]
}

fn measure(name: &str, outcome: io::Result<()>) -> Measure {
    Measure { name: name.to_owned(), refused: outcome.err().map(|error| error.to_string()), spare: false }
}
