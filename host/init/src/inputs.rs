//! The files that come before the command.

use std::collections::HashMap;
use std::fs::{DirBuilder, File, FileTimes, Metadata, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use simulay_init::frames::Rejection;

use crate::user::User;
use crate::{path, scratch};

/// Writes input files below the working directory. Dropped before [`Inputs::keep`], it leaves
/// nothing behind.
pub(crate) struct Inputs {
    /// Whose they are.
    user: User,
    made: Vec<PathBuf>,
    open: Option<Open>,
    placed: Placed,
}

/// Files as they were when the command began.
pub(crate) type Placed = HashMap<PathBuf, Version>;

/// One state of a file: another content has another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Version {
    inode: u64,
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Version {
    /// That of a file now.
    pub(crate) fn of(file: &Metadata) -> Self {
        Self {
            inode: file.ino(),
            size: file.size(),
            modified: (file.mtime(), file.mtime_nsec()),
            changed: (file.ctime(), file.ctime_nsec()),
        }
    }
}

struct Open {
    path: String,
    file: File,
    left: u64,
}

impl Inputs {
    /// None yet.
    pub(crate) fn of(user: User) -> Self {
        Self { user, made: Vec::new(), open: None, placed: Placed::new() }
    }

    /// A file of `size` bytes begins.
    pub(crate) fn begin(&mut self, name: String, size: u64) -> Result<(), Rejection> {
        self.close()?;
        path::check(&name).map_err(|rule| Rejection::Input(name.clone(), rule.to_owned()))?;
        let user = self.user;
        let file = user.act(|| self.create(Path::new(&name))).map_err(|error| refuse(&name, &error))?;
        self.open = Some(Open { path: name, file, left: size });
        Ok(())
    }

    /// The next bytes of the file.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<(), Rejection> {
        let Some(open) = &mut self.open else {
            return Err(Rejection::Order("data without a file".to_owned()));
        };
        open.left = open.left.checked_sub(bytes.len() as u64).ok_or_else(|| {
            Rejection::Input(open.path.clone(), "it has more bytes than were announced".to_owned())
        })?;
        open.file.write_all(bytes).map_err(|error| refuse(&open.path, &error))
    }

    /// All files are there: from now on they are the command's.
    pub(crate) fn keep(&mut self) -> Result<(), Rejection> {
        self.close()?;
        if scratch::is_full() {
            return Err(Rejection::InputsTooLarge);
        }
        let made = std::mem::take(&mut self.made).into_iter();
        let files = made.filter_map(|path| Some((age(&path).ok()?, path)));
        self.placed = self.user.act(|| files.map(|(version, path)| (path, version)).collect());
        Ok(())
    }

    /// What [`Inputs::keep`] left to the command.
    pub(crate) fn placed(self) -> Placed {
        let mut inputs = self;
        std::mem::take(&mut inputs.placed)
    }

    fn close(&mut self) -> Result<(), Rejection> {
        match self.open.take() {
            Some(open) if open.left > 0 => {
                Err(Rejection::Input(open.path, "it has fewer bytes than were announced".to_owned()))
            }
            _ => Ok(()),
        }
    }

    fn create(&mut self, name: &Path) -> io::Result<File> {
        let parents: Vec<&Path> = name.ancestors().skip(1).collect();
        for parent in parents.into_iter().rev().filter(|parent| !parent.as_os_str().is_empty()) {
            self.create_directory(parent)?;
        }
        let file = OpenOptions::new().write(true).create_new(true).mode(0o644).open(name)?;
        self.made.push(name.to_owned());
        Ok(file)
    }

    fn create_directory(&mut self, name: &Path) -> io::Result<()> {
        match DirBuilder::new().mode(0o755).create(name) {
            Ok(()) => self.made.push(name.to_owned()),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => require_directory(name)?,
            Err(error) => return Err(error),
        }
        Ok(())
    }
}

impl Drop for Inputs {
    fn drop(&mut self) {
        self.user.act(|| {
            for made in self.made.iter().rev() {
                let _ = std::fs::remove_file(made).or_else(|_| std::fs::remove_dir(made));
            }
        });
    }
}

/// Dates a file back, so that any write gives it another time, however soon it comes.
fn age(path: &Path) -> io::Result<Version> {
    let file = File::open(path)?;
    if file.metadata()?.is_file() {
        file.set_times(FileTimes::new().set_modified(SystemTime::now() - Duration::from_secs(1)))?;
    }
    Ok(Version::of(&file.metadata()?))
}

fn require_directory(name: &Path) -> io::Result<()> {
    if name.symlink_metadata()?.is_dir() { Ok(()) } else { Err(ErrorKind::NotADirectory.into()) }
}

fn refuse(name: &str, error: &io::Error) -> Rejection {
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
            Rejection::InputsTooLarge
        }
        ErrorKind::AlreadyExists => Rejection::Input(name.to_owned(), "it is there already".to_owned()),
        _ => Rejection::Input(name.to_owned(), format!("it cannot be written: {error}")),
    }
}
