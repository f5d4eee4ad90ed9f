//! Open files of this process: every connection is one, and so is much else.

use nix::sys::resource::{Resource, getrlimit, setrlimit};

/// Connections that leave enough for everything else, after this process is allowed as many files as it may have.
pub(crate) fn for_connections() -> usize {
    let Ok((allowed, most)) = getrlimit(Resource::RLIMIT_NOFILE) else { return usize::MAX };
    let allowed = match setrlimit(Resource::RLIMIT_NOFILE, most, most) {
        Ok(()) => most,
        Err(error) => {
            tracing::warn!(%error, allowed, "no more files can be open at once");
            allowed
        }
    };
    usize::try_from(allowed / 2).unwrap_or(usize::MAX)
}
