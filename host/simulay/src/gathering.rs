//! The files of a folder, as a program at a desk finds them there.

mod left_out;
mod rules;

use std::fs::{self, DirEntry, Metadata};
use std::path::{Path, PathBuf};

use simulay_model::RelativePath;

use crate::fault::Usage;
use left_out::Why;
pub(crate) use left_out::{LeftOut, told};
use rules::Rules;

/// The most that is looked at: a folder with more was not meant.
const MOST: usize = 100_000;
/// Hidden files that are there so that their folder is.
const KEEPERS: [&str; 2] = [".gitkeep", ".keep"];

/// A file of the user's under the name it gets in the run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Input {
    /// Where it lies.
    pub(crate) file: PathBuf,
    /// Name for the plugin.
    pub(crate) name: RelativePath,
}

/// What was found in a folder.
#[derive(Debug, Default)]
pub(crate) struct Gathered {
    /// The files, by name.
    pub(crate) files: Vec<Input>,
    /// What is there and was not taken.
    pub(crate) left_out: Vec<LeftOut>,
}

/// The files of `folder`, named as a program that runs in it names them, below `prefix`. Hidden ones
/// and those that a `.gitignore` names are left out, unless `all` are asked for. A `.gitkeep` is taken.
pub(crate) fn gather(folder: &Path, prefix: Option<&RelativePath>, all: bool) -> Result<Gathered, Usage> {
    let real = fs::canonicalize(folder).map_err(|error| unreadable(folder, &error))?;
    let mut walk = Walk { root: real.clone(), all, found: Gathered::default(), seen: 0 };
    let prefix = prefix.map(|prefix| format!("{prefix}/")).unwrap_or_default();
    walk.folder(&Stand { at: folder, real: &real, name: &prefix, outer: None }, None)?;
    Ok(walk.found)
}

struct Walk {
    /// Links lead no further than this.
    root: PathBuf,
    all: bool,
    found: Gathered,
    seen: usize,
}

/// Where the walk stands.
struct Stand<'a> {
    at: &'a Path,
    /// The same place without links.
    real: &'a Path,
    /// What names of files there begin with.
    name: &'a str,
    outer: Option<&'a Stand<'a>>,
}

impl Stand<'_> {
    /// True when the walk came through `real`.
    fn came_through(&self, real: &Path) -> bool {
        self.real == real || self.outer.is_some_and(|outer| outer.came_through(real))
    }
}

impl Walk {
    fn folder(&mut self, stand: &Stand<'_>, rules: Option<&Rules<'_>>) -> Result<(), Usage> {
        let cannot = |error: &std::io::Error| unreadable(stand.at, error);
        let rules = self.rules(stand, rules);
        let entries = fs::read_dir(stand.at).map_err(|error| cannot(&error))?;
        let mut entries: Vec<DirEntry> = entries.collect::<Result<_, _>>().map_err(|error| cannot(&error))?;
        if entries.is_empty() && stand.outer.is_some() {
            self.leave_out(stand.name.to_owned(), Why::Empty);
        }
        entries.sort_by_key(DirEntry::file_name);
        entries.iter().try_for_each(|entry| self.entry(entry, stand, &rules))
    }

    /// The rules that hold where the walk stands; none when all is taken.
    fn rules<'a>(&mut self, stand: &Stand<'_>, outer: Option<&'a Rules<'a>>) -> Rules<'a> {
        if self.all {
            return Rules::none();
        }
        let (rules, wrong) = Rules::of(stand.at, outer);
        for line in wrong {
            self.leave_out(format!("line {line} of {}{}", stand.name, rules::FILE), Why::NoRule);
        }
        rules
    }

    fn entry(&mut self, entry: &DirEntry, stand: &Stand<'_>, rules: &Rules<'_>) -> Result<(), Usage> {
        self.count()?;
        let (path, name) = (entry.path(), entry.file_name());
        let shown = format!("{}{}", stand.name, name.to_string_lossy());
        let Some(name) = name.to_str() else {
            self.leave_out(shown, Why::NoUtf8);
            return Ok(());
        };
        let (real, metadata) = match self.follow(&path, stand) {
            Ok(found) => found,
            Err(why) => {
                self.leave_out(shown, why);
                return Ok(());
            }
        };
        let hidden = name.starts_with('.') && !(KEEPERS.contains(&name) && metadata.is_file());
        if !self.all && (hidden || rules.leave_out(&path, metadata.is_dir())) {
            let why = if hidden { Why::Hidden } else { Why::Ignored };
            self.leave_out(format!("{shown}{}", if metadata.is_dir() { "/" } else { "" }), why);
            return Ok(());
        }
        if metadata.is_dir() {
            let name = format!("{shown}/");
            let inner = Stand { at: &path, real: &real, name: &name, outer: Some(stand) };
            return self.folder(&inner, Some(rules));
        }
        self.file(path, shown, &metadata);
        Ok(())
    }

    fn file(&mut self, file: PathBuf, name: String, metadata: &Metadata) {
        if !metadata.is_file() {
            return self.leave_out(name, Why::Special);
        }
        match RelativePath::new(name.clone()) {
            Ok(name) => self.found.files.push(Input { file, name }),
            Err(rule) => self.leave_out(name, Why::Name(rule)),
        }
    }

    /// What lies at `path`, behind links too, as long as they stay in the folder.
    fn follow(&self, path: &Path, stand: &Stand<'_>) -> Result<(PathBuf, Metadata), Why> {
        let is_link = fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_symlink());
        let real = fs::canonicalize(path).map_err(|_| Why::Nowhere)?;
        let metadata = fs::metadata(&real).map_err(|_| Why::Nowhere)?;
        if !real.starts_with(&self.root) {
            return Err(Why::Outside);
        }
        if is_link && metadata.is_dir() && stand.came_through(&real) {
            return Err(Why::Circle);
        }
        Ok((real, metadata))
    }

    fn leave_out(&mut self, path: String, why: Why) {
        self.found.left_out.push(LeftOut { path, why });
    }

    fn count(&mut self) -> Result<(), Usage> {
        self.seen += 1;
        if self.seen <= MOST {
            return Ok(());
        }
        Err(Usage(format!(
            "--input: {} has more than {MOST} files; name a smaller folder",
            self.root.display()
        )))
    }
}

fn unreadable(path: &Path, error: &std::io::Error) -> Usage {
    Usage(format!("--input: {} cannot be read: {error}", path.display()))
}

#[cfg(test)]
mod tests;
