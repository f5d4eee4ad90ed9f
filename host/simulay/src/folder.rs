//! Writes artifacts into a folder of the user's: never outside it, never over a file unasked.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag, openat, renameat};
use nix::sys::stat::{Mode, fstatat, mkdirat};
use nix::unistd::{UnlinkatFlags, linkat, unlinkat};
use simulay_model::{Digest, Hasher, RelativePath};

const DIRECTORY: OFlag = OFlag::O_DIRECTORY.union(OFlag::O_NOFOLLOW).union(OFlag::O_CLOEXEC);

/// A folder that files are written into.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    root: OwnedFd,
    overwrite: bool,
}

/// A file on its way; dropped without `finish` it leaves nothing.
pub(crate) struct NewFile {
    directory: OwnedFd,
    partial: String,
    name: String,
    shown: String,
    overwrite: bool,
    file: File,
    hasher: Hasher,
}

impl Folder {
    /// The folder at `path`, made when there is none.
    pub(crate) fn open(path: &Path, overwrite: bool) -> anyhow::Result<Self> {
        let cannot = || format!("the folder {} cannot be made", path.display());
        fs::create_dir_all(path).with_context(cannot)?;
        let root = File::open(path).with_context(cannot)?;
        Ok(Self { path: path.to_owned(), root: root.into(), overwrite })
    }

    /// Refuses when one of `paths` is there already, unless files may be overwritten.
    pub(crate) fn check<'a>(&self, paths: impl IntoIterator<Item = &'a RelativePath>) -> anyhow::Result<()> {
        let there =
            |path: &&RelativePath| fstatat(&self.root, path.as_str(), AtFlags::AT_SYMLINK_NOFOLLOW).is_ok();
        match paths.into_iter().find(there) {
            Some(path) if !self.overwrite => bail!(
                "{} exists already; choose another folder, or overwrite with --force",
                self.path.join(path.as_str()).display()
            ),
            _ => Ok(()),
        }
    }

    /// Begins the file `path`, whose folders are made. No part of the way may be a symbolic link.
    pub(crate) fn create(&self, path: &RelativePath) -> anyhow::Result<NewFile> {
        let shown = self.path.join(path.as_str()).display().to_string();
        self.begin(path, &shown)
            .map_err(io::Error::from)
            .with_context(|| format!("{shown} cannot be written"))
    }

    fn begin(&self, path: &RelativePath, shown: &str) -> Result<NewFile, Errno> {
        let mut directory = self.root.try_clone().map_err(|_| Errno::EMFILE)?;
        let mut parts: Vec<&str> = path.as_str().split('/').collect();
        let name = parts.pop().unwrap_or_default().to_owned();
        for part in parts {
            directory = enter(&directory, part)?;
        }
        let partial = format!(".simulay-{}.partial", uuid::Uuid::now_v7().simple());
        let flags = OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_WRONLY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
        let file = openat(&directory, partial.as_str(), flags, Mode::from_bits_truncate(0o666))?;
        Ok(NewFile {
            directory,
            partial,
            name,
            shown: shown.to_owned(),
            overwrite: self.overwrite,
            file: file.into(),
            hasher: Hasher::default(),
        })
    }
}

/// Opens the folder `name` in `parent`, made when there is none.
fn enter(parent: &OwnedFd, name: &str) -> Result<OwnedFd, Errno> {
    match mkdirat(parent, name, Mode::from_bits_truncate(0o777)) {
        Ok(()) | Err(Errno::EEXIST) => openat(parent, name, DIRECTORY, Mode::empty()),
        Err(error) => Err(error),
    }
}

impl NewFile {
    /// The next bytes.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> anyhow::Result<()> {
        self.hasher.update(bytes);
        self.file.write_all(bytes).with_context(|| format!("{} cannot be written", self.shown))
    }

    /// Gives the file its name, when the bytes are those of `expected`.
    pub(crate) fn finish(self, expected: Digest) -> anyhow::Result<()> {
        if self.hasher.clone().finish() != expected {
            bail!("{} did not arrive whole; try again", self.shown);
        }
        self.file.sync_all().with_context(|| format!("{} cannot be written", self.shown))?;
        match self.publish() {
            Ok(()) => Ok(()),
            Err(Errno::EEXIST) => bail!("{} exists already; overwrite with --force", self.shown),
            Err(error) => {
                Err(io::Error::from(error)).with_context(|| format!("{} cannot be written", self.shown))
            }
        }
    }

    fn publish(&self) -> Result<(), Errno> {
        let (directory, partial, name) = (&self.directory, self.partial.as_str(), self.name.as_str());
        if self.overwrite {
            renameat(directory, partial, directory, name)
        } else {
            linkat(directory, partial, directory, name, AtFlags::empty())
        }
    }
}

impl Drop for NewFile {
    fn drop(&mut self) {
        // Renamed files are gone from under this name; nothing is lost when this fails.
        let _ = unlinkat(&self.directory, self.partial.as_str(), UnlinkatFlags::NoRemoveDir);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> RelativePath {
        RelativePath::new(text).unwrap()
    }

    fn save(folder: &Folder, name: &str, bytes: &[u8]) -> anyhow::Result<()> {
        let mut file = folder.create(&path(name))?;
        file.write(bytes)?;
        file.finish(Digest::of(bytes))
    }

    #[test]
    fn folders_are_made_and_bytes_arrive() {
        let out = tempfile::tempdir().unwrap();
        let folder = Folder::open(&out.path().join("new"), false).unwrap();
        save(&folder, "a/b/c.csv", b"1,2").unwrap();
        assert_eq!(fs::read(out.path().join("new/a/b/c.csv")).unwrap(), b"1,2");
        assert_eq!(fs::read_dir(out.path().join("new/a/b")).unwrap().count(), 1);
    }

    #[test]
    fn a_file_is_overwritten_only_when_asked() {
        let out = tempfile::tempdir().unwrap();
        fs::write(out.path().join("x"), "mine").unwrap();
        let careful = Folder::open(out.path(), false).unwrap();
        assert!(careful.check([&path("x")]).unwrap_err().to_string().contains("--force"));
        assert!(save(&careful, "x", b"new").unwrap_err().to_string().contains("--force"));
        assert_eq!(fs::read(out.path().join("x")).unwrap(), b"mine");
        let forced = Folder::open(out.path(), true).unwrap();
        forced.check([&path("x")]).unwrap();
        save(&forced, "x", b"new").unwrap();
        assert_eq!(fs::read(out.path().join("x")).unwrap(), b"new");
        assert_eq!(fs::read_dir(out.path()).unwrap().count(), 1);
    }

    #[test]
    fn no_link_leads_outside() {
        let outside = tempfile::tempdir().unwrap();
        let out = tempfile::tempdir().unwrap();
        fs::write(outside.path().join("victim"), "safe").unwrap();
        std::os::unix::fs::symlink(outside.path(), out.path().join("dir")).unwrap();
        std::os::unix::fs::symlink(outside.path().join("victim"), out.path().join("file")).unwrap();
        let folder = Folder::open(out.path(), true).unwrap();
        assert!(save(&folder, "dir/evil", b"evil").is_err());
        save(&folder, "file", b"evil").unwrap();
        assert_eq!(fs::read(outside.path().join("victim")).unwrap(), b"safe");
        assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 1);
    }

    #[test]
    fn other_bytes_than_promised_leave_nothing() {
        let out = tempfile::tempdir().unwrap();
        let folder = Folder::open(out.path(), false).unwrap();
        let mut file = folder.create(&path("x")).unwrap();
        file.write(b"half").unwrap();
        assert!(file.finish(Digest::of(b"whole")).is_err());
        assert_eq!(fs::read_dir(out.path()).unwrap().count(), 0);
    }
}
