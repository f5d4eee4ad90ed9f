//! What a process sees of the machine: files, network, identity.

use std::fs;
use std::io;

use landlock::{ABI, Access as _, AccessFs, AccessNet, Ruleset, RulesetAttr as _, RulesetStatus, Scope};
use nix::errno::Errno;
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sched::{CloneFlags, unshare};
use nix::unistd::{Gid, Uid, chdir, close, getegid, geteuid, pivot_root, setgroups, setresgid, setresuid};
use rustix::process::{DumpableBehavior, set_dumpable_behavior};
use rustix::thread::{CapabilitySet, CapabilitySets, set_capabilities};

/// The user nobody is, by convention.
const NOBODY: u32 = 65534;
/// A directory every Linux has: the empty file system is mounted there before it becomes the root.
const MOUNT_POINT: &str = "/proc";
const STANDARD_STREAMS: i32 = 3;
const NOTHING: Option<&str> = None;

/// Closes what the host left open for its children, e.g. a socket handed over by a service manager.
pub(super) fn close_inherited() -> io::Result<()> {
    let open: Vec<i32> = fs::read_dir("/proc/self/fd")?
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter(|descriptor| *descriptor >= STANDARD_STREAMS)
        .collect();
    // The listing's own descriptor is among them, and closed already.
    open.into_iter()
        .map(close)
        .find(|outcome| !matches!(outcome, Ok(()) | Err(Errno::EBADF)))
        .unwrap_or(Ok(()))?;
    Ok(())
}

/// A machine short of memory ends this process before any other.
pub(super) fn die_first() -> io::Result<()> {
    fs::write("/proc/self/oom_score_adj", "1000")
}

/// Leaves the host's network, mounts, names and shared memory.
pub(super) fn leave() -> io::Result<()> {
    let spaces = CloneFlags::CLONE_NEWNET
        | CloneFlags::CLONE_NEWNS
        | CloneFlags::CLONE_NEWIPC
        | CloneFlags::CLONE_NEWUTS
        | CloneFlags::CLONE_NEWCGROUP;
    if geteuid().is_root() {
        return Ok(unshare(spaces)?);
    }
    let (user, group) = (geteuid(), getegid());
    unshare(spaces | CloneFlags::CLONE_NEWUSER)?;
    fs::write("/proc/self/setgroups", "deny")?;
    fs::write("/proc/self/uid_map", format!("{NOBODY} {user} 1"))?;
    fs::write("/proc/self/gid_map", format!("{NOBODY} {group} 1"))
}

/// The root becomes an empty directory nobody can write to. Only after [`leave`].
pub(super) fn empty_root() -> io::Result<()> {
    let quiet = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
    mount(NOTHING, "/", NOTHING, MsFlags::MS_REC | MsFlags::MS_PRIVATE, NOTHING)?;
    mount(Some("none"), MOUNT_POINT, Some("tmpfs"), quiet, Some("size=4k,nr_inodes=1,mode=0555"))?;
    chdir(MOUNT_POINT)?;
    pivot_root(".", ".")?;
    umount2(".", MntFlags::MNT_DETACH)?;
    chdir("/")?;
    Ok(mount(NOTHING, "/", NOTHING, quiet | MsFlags::MS_REMOUNT | MsFlags::MS_RDONLY, NOTHING)?)
}

/// Root becomes nobody; whoever it is loses every capability, and others may not look inside.
pub(super) fn become_nobody() -> io::Result<()> {
    if geteuid().is_root() {
        setgroups(&[])?;
        let (user, group) = (Uid::from_raw(NOBODY), Gid::from_raw(NOBODY));
        setresgid(group, group, group)?;
        setresuid(user, user, user)?;
    }
    let none = CapabilitySet::empty();
    set_capabilities(None, CapabilitySets { effective: none, permitted: none, inheritable: none })?;
    Ok(set_dumpable_behavior(DumpableBehavior::NotDumpable)?)
}

/// No file can be opened, no port bound or reached, no process outside signalled.
pub(super) fn forbid_files() -> io::Result<()> {
    let newest = ABI::V6;
    let rules = Ruleset::default()
        .handle_access(AccessFs::from_all(newest))
        .and_then(|rules| rules.handle_access(AccessNet::from_all(newest)))
        .and_then(|rules| rules.scope(Scope::from_all(newest)))
        .and_then(Ruleset::create)
        .map_err(io::Error::other)?;
    let status = rules.restrict_self().map_err(io::Error::other)?;
    match status.ruleset {
        RulesetStatus::NotEnforced => Err(io::Error::other("the kernel does not have it")),
        RulesetStatus::PartiallyEnforced | RulesetStatus::FullyEnforced => Ok(()),
    }
}
