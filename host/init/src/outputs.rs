//! The files that the command leaves and the host wants. One that cannot be kept costs only itself.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{FileTypeExt as _, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use nix::fcntl::OFlag;
use simulay_init::frames::{JobSpec, MAX_LEFT_OUT, Rejection};
use simulay_init::patterns::{PatternError, Patterns};

use crate::inputs::{Placed, Version};
use crate::path;
use crate::record::{Harvest, Omission, Output};
use crate::user::User;

const HERE: &str = ".";
/// For all files together: init's own work has a bound as the command's has.
const SEARCH: Duration = Duration::from_secs(60);

/// The patterns that were compiled last: jobs that follow each other mostly ask alike. Cheap to clone.
#[derive(Clone, Default)]
pub(crate) struct Compiled(Arc<Mutex<Vec<Known>>>);

struct Known {
    texts: Vec<String>,
    patterns: Arc<Patterns>,
}

impl Compiled {
    /// Outputs and excludes of one job.
    const MOST: usize = 2;

    fn of(&self, texts: &[String]) -> Result<Arc<Patterns>, PatternError> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(Known { patterns, .. }) = known.iter().find(|known| known.texts == texts) {
            return Ok(patterns.clone());
        }
        let patterns = Arc::new(Patterns::new(texts)?);
        known.truncate(Self::MOST - 1);
        known.insert(0, Known { texts: texts.to_vec(), patterns: patterns.clone() });
        Ok(patterns)
    }
}

/// Which files are wanted, and how much of them.
pub(crate) struct Wanted {
    outputs: Vec<String>,
    excludes: Vec<String>,
    compiled: Compiled,
    terms: Terms,
}

/// The same, as it is looked for.
pub(crate) struct Collection {
    patterns: Arc<Patterns>,
    excludes: Arc<Patterns>,
    terms: Terms,
}

struct Terms {
    /// Whose they are.
    user: User,
    keep_unchanged: bool,
    placed: Placed,
    max_count: usize,
    max_bytes: u64,
}

impl Wanted {
    /// Checks the patterns of a job.
    pub(crate) fn new(spec: &JobSpec, user: User, compiled: &Compiled) -> Result<Self, Rejection> {
        Patterns::check(&spec.outputs).map_err(|error| wrong("outputs", &error))?;
        Patterns::check(&spec.excludes).map_err(|error| wrong("excludes", &error))?;
        let terms = Terms {
            user,
            keep_unchanged: spec.keep_unchanged,
            placed: Placed::new(),
            max_count: usize::try_from(spec.max_outputs).unwrap_or(usize::MAX),
            max_bytes: spec.max_output_bytes,
        };
        let (outputs, excludes) = (spec.outputs.clone(), spec.excludes.clone());
        Ok(Self { outputs, excludes, compiled: compiled.clone(), terms })
    }

    /// The same, told which files were there before the command.
    pub(crate) fn besides(mut self, placed: Placed) -> Self {
        self.terms.placed = placed;
        self
    }

    /// Makes of the patterns what paths are compared with, which takes a while.
    pub(crate) fn compile(self) -> Result<Collection, Rejection> {
        let Self { outputs, excludes, compiled, terms } = self;
        let patterns = compiled.of(&outputs).map_err(|error| wrong("outputs", &error))?;
        let excludes = compiled.of(&excludes).map_err(|error| wrong("excludes", &error))?;
        Ok(Collection { patterns, excludes, terms })
    }
}

fn wrong(field: &str, error: &PatternError) -> Rejection {
    Rejection::Order(format!("{field}{error}"))
}

impl Collection {
    /// Finds the wanted files.
    pub(crate) fn collect(&self) -> Harvest {
        self.terms.user.act(|| self.find())
    }

    fn find(&self) -> Harvest {
        let mut search =
            Search { wanted: self, here: here(), until: Instant::now() + SEARCH, found: Vec::new(), more: 0 };
        if !self.patterns.is_empty() {
            search.walk();
        }
        search.found.sort_by(|(one, _), (other, _)| one.cmp(other));
        let mut harvest = self.fit(search.found);
        harvest.left_out_more += search.more;
        harvest
    }

    /// Takes what is within the bounds, by path.
    fn fit(&self, found: Vec<(PathBuf, Result<u64, String>)>) -> Harvest {
        let (mut harvest, mut bytes) = (Harvest::default(), 0_u64);
        for (name, size) in found {
            let fits = size.and_then(|size| {
                self.check_room(&harvest, bytes, size)?;
                path::of(&name).map(|path| Output { path, size, user: self.terms.user })
            });
            match fits {
                Ok(output) => {
                    bytes += output.size;
                    harvest.outputs.push(output);
                }
                Err(reason) => leave_out(&mut harvest, &name, reason),
            }
        }
        harvest
    }

    fn check_room(&self, harvest: &Harvest, bytes: u64, size: u64) -> Result<(), String> {
        if bytes.saturating_add(size) > self.terms.max_bytes {
            let limit = self.terms.max_bytes;
            return Err(format!(
                "it has {size} bytes, and a call keeps at most {limit} in all (`max_output_bytes`)"
            ));
        }
        if harvest.outputs.len() >= self.terms.max_count {
            return Err(format!("a call keeps at most {} files (`max_outputs`)", self.terms.max_count));
        }
        Ok(())
    }

    fn asks_for(&self, name: &Path) -> bool {
        let name = name.as_os_str().as_bytes();
        self.patterns.is_match(name) && !self.excludes.is_match(name)
    }

    /// Whether a file was there before and is as it was.
    fn passes_over(&self, name: &Path) -> bool {
        let was = || self.terms.placed.get(name);
        let is = || fs::symlink_metadata(name).ok().map(|file| Version::of(&file));
        !self.terms.keep_unchanged && was().is_some_and(|was| is().is_some_and(|is| is == *was))
    }
}

fn too_late() -> String {
    format!("finding files took longer than {} s", SEARCH.as_secs())
}

fn leave_out(harvest: &mut Harvest, name: &Path, reason: String) {
    if harvest.left_out.len() < MAX_LEFT_OUT {
        harvest.left_out.push(Omission { path: name.to_string_lossy().into_owned(), reason });
    } else {
        harvest.left_out_more += 1;
    }
}

/// Opens an output to tell it; a link was followed when it was found.
pub(crate) fn open(output: &Output) -> io::Result<File> {
    open_regular(Path::new(&output.path)).map(|(file, _)| file)
}

/// The working directory, without links on the way to it.
fn here() -> PathBuf {
    Path::new(HERE).canonicalize().unwrap_or_else(|_| PathBuf::from(HERE))
}

/// What is found below the working directory: the size of each wanted file, or why it has none.
struct Search<'a> {
    wanted: &'a Collection,
    here: PathBuf,
    until: Instant,
    found: Vec<(PathBuf, Result<u64, String>)>,
    /// Further ones.
    more: u64,
}

impl Search<'_> {
    /// Walks through all directories; through no link to one.
    fn walk(&mut self) {
        let mut directories = vec![PathBuf::from(HERE)];
        while let Some(directory) = directories.pop() {
            match list(&directory) {
                Ok(entries) => self.visit(entries, &mut directories),
                Err(error) => {
                    let reason = format!("the folder cannot be listed: {error}");
                    self.found.push((plain(&directory).to_owned(), Err(reason)));
                }
            }
        }
    }

    fn visit(&mut self, entries: Vec<(PathBuf, bool)>, directories: &mut Vec<PathBuf>) {
        for (name, is_directory) in entries {
            if is_directory {
                directories.push(name);
            } else if self.wanted.asks_for(&name) && !self.wanted.passes_over(&name) {
                let late = Instant::now() > self.until;
                let size = if late { Err(too_late()) } else { self.size(&name) };
                self.find(name, size);
            }
        }
    }

    /// Holds what can be told of it, and counts the rest: init has little memory.
    fn find(&mut self, name: PathBuf, size: Result<u64, String>) {
        if self.found.len() < self.wanted.terms.max_count.saturating_add(MAX_LEFT_OUT) {
            self.found.push((name, size));
        } else {
            self.more += 1;
        }
    }

    fn size(&self, name: &Path) -> Result<u64, String> {
        let unreadable = |error: io::Error| format!("it cannot be read: {error}");
        let file = fs::symlink_metadata(name).map_err(unreadable)?;
        if file.is_symlink() {
            self.check_link(name)?;
        } else if !file.is_file() {
            return Err(format!("it is {}, not a file", kind(file.file_type())));
        }
        open_regular(name).map(|(_, size)| size).map_err(unreadable)
    }

    /// A link is followed to a file of the working directory, and nowhere else.
    fn check_link(&self, name: &Path) -> Result<(), String> {
        let target = name.canonicalize().map_err(|_| "it is a link to nothing".to_owned())?;
        if !target.starts_with(&self.here) {
            return Err("it is a link that leads out of the working directory".to_owned());
        }
        if target.is_dir() {
            return Err("it is a link to a folder, whose files are kept under their own names".to_owned());
        }
        if target.is_file() { Ok(()) } else { Err("it is a link to something that is no file".to_owned()) }
    }
}

fn list(directory: &Path) -> io::Result<Vec<(PathBuf, bool)>> {
    let entry = |entry: io::Result<fs::DirEntry>| {
        let entry = entry?;
        Ok((plain(directory).join(entry.file_name()), entry.file_type()?.is_dir()))
    };
    fs::read_dir(directory)?.map(entry).collect()
}

/// A path without the leading `.`.
fn plain(path: &Path) -> &Path {
    path.strip_prefix(HERE).unwrap_or(path)
}

fn kind(kind: fs::FileType) -> &'static str {
    match kind {
        kind if kind.is_fifo() => "a named pipe",
        kind if kind.is_socket() => "a socket",
        _ => "a device",
    }
}

/// Opens a regular file, never waiting for a writer of a FIFO. Nothing runs that could swap it.
fn open_regular(name: &Path) -> io::Result<(File, u64)> {
    let file = OpenOptions::new().read(true).custom_flags(OFlag::O_NONBLOCK.bits()).open(name)?;
    let metadata = file.metadata()?;
    if metadata.is_file() { Ok((file, metadata.len())) } else { Err(io::ErrorKind::InvalidInput.into()) }
}
