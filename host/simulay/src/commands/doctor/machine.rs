//! Checks of this machine: kernel, data directory, disk.

use std::path::Path;

use nix::sys::statvfs::statvfs;
use nix::unistd::{AccessFlags, access};

use super::{Check, State};
use crate::configuration::Settings;
use crate::terminal::size;

const OLDEST_KERNEL: (u32, u32) = (5, 4);
const LITTLE_SPACE: u64 = 5 << 30;
const NO_SPACE: u64 = 512 << 20;

/// Every check of this machine.
pub(super) fn checks(settings: &Settings) -> Vec<Check> {
    let mut checks = vec![kernel(), init()];
    match settings.data() {
        Ok(data) => checks.extend([directory(&data), disk(&data)]),
        Err(error) => {
            checks.push(Check::bad(
                "data directory",
                State::Fail,
                error.to_string(),
                "set HOME or use --data",
            ));
        }
    }
    checks
}

fn kernel() -> Check {
    let release = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    judge_kernel(release.trim())
}

fn judge_kernel(release: &str) -> Check {
    let mut numbers = release.split(['.', '-']).map(str::parse::<u32>);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(major)), Some(Ok(minor))) if (major, minor) >= OLDEST_KERNEL => {
            Check::ok("kernel", format!("Linux {release}"))
        }
        (Some(Ok(_)), Some(Ok(_))) => {
            Check::bad("kernel", State::Warn, format!("Linux {release} is old"), "use Linux 5.4 or newer")
        }
        _ => Check::bad("kernel", State::Warn, "the version is unknown", "use Linux 5.4 or newer"),
    }
}

fn init() -> Check {
    if crate::embedded::is_built_in() {
        return Check::ok("simulay-init", "built in");
    }
    let cure = "name one with `simulay images register --init PATH`, or build it before this command";
    Check::bad("simulay-init", State::Warn, "this command carries none", cure)
}

fn directory(data: &Path) -> Check {
    let shown = data.display();
    let there = nearest(data);
    let writable = there.is_dir() && access(there, AccessFlags::W_OK | AccessFlags::X_OK).is_ok();
    match (writable, there == data) {
        (true, true) => Check::ok("data directory", format!("{shown} can be written")),
        (true, false) => Check::ok("data directory", format!("{shown} will be made")),
        (false, _) => Check::bad(
            "data directory",
            State::Fail,
            format!("{} cannot be written", there.display()),
            "give its owner the right to write, or choose another with --data",
        ),
    }
}

fn disk(data: &Path) -> Check {
    match statvfs(nearest(data)) {
        Ok(found) => judge_space(found.blocks_available() * found.fragment_size()),
        Err(error) => {
            Check::bad("disk", State::Warn, format!("free space is unknown: {error}"), "look with `df`")
        }
    }
}

fn judge_space(free: u64) -> Check {
    let message = format!("{} are free for the data directory", size(free));
    let cure = "free some space, or choose another disk with --data";
    match free {
        0..NO_SPACE => Check::bad("disk", State::Fail, message, cure),
        NO_SPACE..LITTLE_SPACE => Check::bad("disk", State::Warn, message, cure),
        _ => Check::ok("disk", message),
    }
}

/// `path`, or the nearest folder above it that is there.
fn nearest(path: &Path) -> &Path {
    path.ancestors().find(|path| path.exists()).unwrap_or_else(|| Path::new("."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kernels_are_judged_by_their_number() {
        assert_eq!(judge_kernel("6.1.0-18-amd64").state, State::Ok);
        assert_eq!(judge_kernel("5.4").state, State::Ok);
        assert_eq!(judge_kernel("4.19.0").state, State::Warn);
        assert_eq!(judge_kernel("odd").state, State::Warn);
    }

    #[test]
    fn a_full_disk_fails_and_a_small_one_warns() {
        assert_eq!(judge_space(0).state, State::Fail);
        assert_eq!(judge_space(NO_SPACE).state, State::Warn);
        assert_eq!(judge_space(LITTLE_SPACE).state, State::Ok);
    }

    #[test]
    fn a_directory_to_come_is_judged_by_the_one_above() {
        let directory = tempfile::tempdir().unwrap();
        assert_eq!(directory_state(&directory.path().join("a/b")), State::Ok);
        let file = directory.path().join("file");
        std::fs::write(&file, "").unwrap();
        assert_eq!(directory_state(&file.join("a")), State::Fail);
    }

    fn directory_state(path: &Path) -> State {
        super::directory(path).state
    }
}
