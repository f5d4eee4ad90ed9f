//! Makes a container as it was before a job: what the job left is gone, or the container is no good any more.

use std::ffi::{CStr, CString};
use std::fs::{self, File};
use std::io;
use std::path::Path;

use rustix::fs::{
    AtFlags, Dir, FileType, Mode, OFlags, Timespec, Timestamps, UTIME_NOW, chmodat, flistxattr, futimens,
    ioctl_getflags, openat, renameat, unlinkat,
};
use rustix::io::Errno;

use crate::parent::Parent;
use crate::processes::are_gone;
use crate::user::User;

/// Where a job can leave files.
const PLACES: [&str; 3] = [".", "/tmp", "/dev/shm"];
/// Where the kernel tells of shared memory, semaphores and messages of System V, below a line of titles.
const SYSTEM_V: [&str; 3] = ["/proc/sysvipc/shm", "/proc/sysvipc/sem", "/proc/sysvipc/msg"];
const QUEUES: &str = "/dev/mqueue";
/// Where it counts the sockets of a network: some outlive those who had them, and keep their port.
const SOCKETS: &str = "/proc/net/sockstat";
const SOCKETS_6: &str = "/proc/net/sockstat6";
/// Where it lists them, below a line of titles, which takes a walk through those of the whole machine.
const LISTS_OF_SOCKETS: [&str; 4] = ["/proc/net/tcp", "/proc/net/tcp6", "/proc/net/udp", "/proc/net/udp6"];
/// In use by a protocol, and waiting for a time to be over.
const COUNTS: [&str; 2] = ["inuse", "tw"];
/// Entries of a folder that are looked at together: init has little memory.
const MOST_AT_ONCE: usize = 4096;

/// Makes the container as it was before the job of `user`, all of whose processes have ended.
pub(crate) fn clean(parent: &Parent, user: User) -> io::Result<()> {
    must(are_gone(parent.process()), "a process is left")?;
    user.act(|| PLACES.into_iter().try_for_each(|place| within(place, empty(place))))?;
    within("the working directory", user.move_out())?;
    PLACES.into_iter().try_for_each(|place| within(place, check(place)))?;
    within(QUEUES, has_none(QUEUES))?;
    SYSTEM_V.into_iter().try_for_each(|place| within(place, lists_none(place)))?;
    has_no_sockets()?;
    must(parent.is_sound(), "the command cannot have more children")
}

/// Removes all that lies in a folder, as its user.
fn empty(place: &str) -> io::Result<()> {
    let folder = open(place)?;
    let mut number = 0;
    loop {
        let entries = entries(&folder)?;
        if entries.is_empty() {
            return Ok(());
        }
        for (name, kind) in entries {
            remove(&folder, &name, kind, &mut number)?;
        }
    }
}

/// A job may lay folders into each other without end: what is in one comes up first, so that none is walked down.
fn remove(folder: &File, name: &CStr, kind: FileType, number: &mut u64) -> io::Result<()> {
    if kind != FileType::Directory {
        return Ok(unlinkat(folder, name, AtFlags::empty())?);
    }
    // It may be closed to its owner, who may open it.
    chmodat(folder, name, Mode::RWXU, AtFlags::empty())?;
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let inner = File::from(openat(folder, name, flags, Mode::empty())?);
    let entries = entries(&inner)?;
    let is_all = entries.len() < MOST_AT_ONCE;
    for (name, kind) in entries {
        if kind == FileType::Directory {
            chmodat(&inner, &name, Mode::RWXU, AtFlags::empty())?;
            move_up(&inner, &name, folder, number)?;
        } else {
            unlinkat(&inner, &name, AtFlags::empty())?;
        }
    }
    if is_all { Ok(unlinkat(folder, name, AtFlags::REMOVEDIR)?) } else { Ok(()) }
}

/// Under a name that nothing has there.
fn move_up(from: &File, name: &CStr, to: &File, number: &mut u64) -> io::Result<()> {
    loop {
        *number += 1;
        match renameat(from, name, to, format!(".{number}")) {
            Err(Errno::EXIST | Errno::NOTEMPTY | Errno::NOTDIR) => {}
            moved => return Ok(moved?),
        }
    }
}

/// Sees that nothing is left in a folder, nor written to it, and that its times tell of nothing.
fn check(place: &str) -> io::Result<()> {
    let folder = open(place)?;
    must(entries(&folder)?.is_empty(), "a file is left")?;
    must(attributes(&folder)? == 0, "an attribute is left")?;
    match ioctl_getflags(&folder) {
        Ok(flags) => must(flags.is_empty(), "a flag is left")?,
        // Where there are none.
        Err(Errno::NOTTY | Errno::OPNOTSUPP) => {}
        Err(error) => return Err(error.into()),
    }
    let now = Timespec { tv_sec: 0, tv_nsec: UTIME_NOW };
    Ok(futimens(&folder, &Timestamps { last_access: now, last_modification: now })?)
}

fn has_none(place: &str) -> io::Result<()> {
    must(fs::read_dir(place)?.next().is_none(), "something is left")
}

fn lists_none(place: &str) -> io::Result<()> {
    told(place, |list| list.lines().count() == 1)
}

/// Some kernels do not count them.
fn has_no_sockets() -> io::Result<()> {
    if Path::new(SOCKETS).exists() {
        return [SOCKETS, SOCKETS_6].into_iter().try_for_each(|place| within(place, counts_none(place)));
    }
    LISTS_OF_SOCKETS.into_iter().try_for_each(|place| within(place, lists_none(place)))
}

fn counts_none(place: &str) -> io::Result<()> {
    told(place, |counts| counted(counts) == Some(0))
}

/// How many sockets are left, by lines like `TCP: inuse 0 orphan 0 tw 0 alloc 4 mem 102`; none when it makes no sense.
fn counted(counts: &str) -> Option<u64> {
    let mut sum = 0;
    for line in counts.lines() {
        let (_, pairs) = line.split_once(':')?;
        let words: Vec<_> = pairs.split_whitespace().collect();
        for pair in words.chunks(2) {
            if let [name, number] = pair
                && COUNTS.contains(name)
            {
                sum += number.parse::<u64>().ok()?;
            }
        }
    }
    Some(sum)
}

fn told(place: &str, is_well: impl FnOnce(&str) -> bool) -> io::Result<()> {
    match fs::read_to_string(place) {
        Ok(text) => must(is_well(&text), "something is left"),
        // A kernel without it has nothing to tell.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

fn open(place: &str) -> io::Result<File> {
    let folder = File::open(place)?;
    must(folder.metadata()?.is_dir(), place)?;
    Ok(folder)
}

/// What is in a folder, or the first part of it.
fn entries(folder: &File) -> io::Result<Vec<(CString, FileType)>> {
    let is_other = |name: &CStr| !matches!(name.to_bytes(), b"." | b"..");
    let entries = Dir::read_from(folder)?.map(|entry| {
        let entry = entry?;
        Ok((entry.file_name().to_owned(), entry.file_type()))
    });
    let others =
        entries.filter(|entry| entry.as_ref().is_ok_and(|(name, _)| is_other(name)) || entry.is_err());
    others.take(MOST_AT_ONCE).collect()
}

/// How many bytes the names have of what is written to a folder itself.
fn attributes(folder: &File) -> io::Result<usize> {
    match flistxattr(folder, &mut [0_u8; 0]) {
        Err(Errno::OPNOTSUPP) => Ok(0),
        bytes => Ok(bytes?),
    }
}

/// With the place in its words.
fn within(place: &str, done: io::Result<()>) -> io::Result<()> {
    done.map_err(|error| io::Error::new(error.kind(), format!("{place}: {error}")))
}

fn must(is_so: bool, otherwise: &str) -> io::Result<()> {
    if is_so { Ok(()) } else { Err(io::Error::other(otherwise.to_owned())) }
}

#[cfg(test)]
mod tests {
    use super::counted;

    #[test]
    fn sockets_in_use_and_those_that_wait_are_counted() {
        let none = "sockets: used 9\nTCP: inuse 0 orphan 0 tw 0 alloc 4 mem 102\nUDP: inuse 0 mem 0\n";
        assert_eq!(counted(none), Some(0));
        assert_eq!(counted(&none.replace("tw 0", "tw 2")), Some(2));
        assert_eq!(counted(&none.replace("UDP: inuse 0", "UDP: inuse 1")), Some(1));
        assert_eq!(counted("TCP6: inuse 3\n"), Some(3));
        assert_eq!((counted("TCP: inuse many\n"), counted("nonsense\n")), (None, None));
    }
}
