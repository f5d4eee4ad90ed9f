//! The files that the command leaves and the host wants.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use nix::fcntl::OFlag;
use simulay_init::frames::{JobSpec, Rejection};
use simulay_init::patterns::Patterns;

use crate::path;
use crate::record::Output;

const HERE: &str = ".";

/// Which files are wanted, and how much of them.
pub(crate) struct Wanted {
    patterns: Patterns,
    max_count: u64,
    max_bytes: u64,
}

impl Wanted {
    /// Reads the patterns of a job.
    pub(crate) fn new(spec: &JobSpec) -> Result<Self, Rejection> {
        let patterns = Patterns::new(&spec.outputs).map_err(|error| Rejection::Order(error.to_string()))?;
        Ok(Self { patterns, max_count: u64::from(spec.max_outputs), max_bytes: spec.max_output_bytes })
    }

    /// Finds the wanted files, by path. All that is wanted is there, or the first reason why not.
    pub(crate) fn collect(&self) -> Result<Arc<[Output]>, Rejection> {
        let mut outputs = Vec::new();
        let mut bytes: u64 = 0;
        if !self.patterns.is_empty() {
            walk(&mut |name| self.take(name, &mut outputs, &mut bytes))?;
        }
        outputs.sort_by(|one: &Output, other| one.path.cmp(&other.path));
        Ok(outputs.into())
    }

    fn take(&self, name: &Path, outputs: &mut Vec<Output>, bytes: &mut u64) -> Result<(), Rejection> {
        if !self.patterns.is_match(name.as_os_str().as_bytes()) {
            return Ok(());
        }
        let output = check(name).map_err(|reason| refuse(name, reason))?;
        *bytes = bytes.saturating_add(output.size);
        outputs.push(output);
        if outputs.len() as u64 > self.max_count {
            return Err(Rejection::OutputLimit(format!("more than {} output files", self.max_count)));
        }
        if *bytes > self.max_bytes {
            return Err(Rejection::OutputLimit(format!(
                "output files of more than {} bytes",
                self.max_bytes
            )));
        }
        Ok(())
    }
}

/// Opens an output to tell it.
pub(crate) fn open(output: &Output) -> io::Result<File> {
    open_regular(Path::new(&output.path)).map(|(file, _)| file)
}

/// Shows everything below the working directory but directories to `visit`. Follows no link.
fn walk(visit: &mut impl FnMut(&Path) -> Result<(), Rejection>) -> Result<(), Rejection> {
    let mut directories = vec![PathBuf::from(HERE)];
    while let Some(directory) = directories.pop() {
        for (name, is_directory) in list(&directory).map_err(|error| unlisted(&directory, &error))? {
            if is_directory {
                directories.push(name);
            } else {
                visit(&name)?;
            }
        }
    }
    Ok(())
}

fn list(directory: &Path) -> io::Result<Vec<(PathBuf, bool)>> {
    let prefix = directory.strip_prefix(HERE).unwrap_or(directory);
    let entry = |entry: io::Result<fs::DirEntry>| {
        let entry = entry?;
        Ok((prefix.join(entry.file_name()), entry.file_type()?.is_dir()))
    };
    fs::read_dir(directory)?.map(entry).collect()
}

fn check(name: &Path) -> Result<Output, String> {
    let path = name.to_str().ok_or("its name is not UTF-8")?;
    path::check(path)?;
    let (_, size) = open_regular(name).map_err(|error| match error.kind() {
        io::ErrorKind::InvalidInput => NOT_REGULAR.to_owned(),
        _ => format!("it cannot be read: {error}"),
    })?;
    Ok(Output { path: path.to_owned(), size })
}

const NOT_REGULAR: &str = "it is not a regular file";

/// Opens a regular file, never through a link and never waiting for a writer of a FIFO.
fn open_regular(name: &Path) -> io::Result<(File, u64)> {
    // Opening a device or a socket can have effects or odd errors; nothing runs that could swap it.
    require_regular(&fs::symlink_metadata(name)?)?;
    let flags = OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK;
    let file = OpenOptions::new().read(true).custom_flags(flags.bits()).open(name)?;
    let metadata = file.metadata()?;
    require_regular(&metadata)?;
    Ok((file, metadata.len()))
}

fn require_regular(metadata: &fs::Metadata) -> io::Result<()> {
    if metadata.is_file() { Ok(()) } else { Err(io::Error::new(io::ErrorKind::InvalidInput, NOT_REGULAR)) }
}

fn refuse(name: &Path, reason: String) -> Rejection {
    Rejection::Output(name.to_string_lossy().into_owned(), reason)
}

fn unlisted(directory: &Path, error: &io::Error) -> Rejection {
    refuse(directory, format!("the directory cannot be listed: {error}"))
}
