//! The source files of the checkout.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context as _;

use crate::place::Place;
use crate::process::read as run;

const EXTENSIONS: [&str; 7] = ["rs", "m", "py", "js", "css", "html", "sql"];

/// A source file.
pub(super) struct Source {
    /// Relative to the checkout.
    pub(super) path: PathBuf,
    /// Its text.
    pub(super) text: String,
    /// Its syntax, when it is Rust.
    pub(super) rust: Option<syn::File>,
}

impl Source {
    /// A file with this text.
    pub(super) fn new(path: &Path, text: String) -> anyhow::Result<Self> {
        let is_rust = path.extension().is_some_and(|extension| extension == "rs");
        let rust = is_rust.then(|| syn::parse_file(&text)).transpose();
        let rust = rust.with_context(|| format!("{} is no Rust", path.display()))?;
        Ok(Self { path: path.to_owned(), text, rust })
    }

    /// True for files that hold tests only.
    pub(super) fn is_test(&self) -> bool {
        let parts = self.path.components().map(|part| part.as_os_str());
        self.path.file_stem().is_some_and(|stem| stem == "tests")
            || parts.into_iter().any(|part| part == "tests" || part == "benches")
    }
}

/// The sources git knows, and new ones it does not ignore.
pub(super) fn read(place: &Place) -> anyhow::Result<Vec<Source>> {
    let mut git = Command::new("git");
    git.args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]).current_dir(place.root());
    let listed = run(&mut git)?;
    let paths = listed.split('\0').filter(|path| !path.is_empty()).map(Path::new);
    let sources = paths.filter(|path| {
        let extension = path.extension().and_then(|extension| extension.to_str());
        // Git lists a file until its removal is staged.
        extension.is_some_and(|extension| EXTENSIONS.contains(&extension))
            && place.root().join(path).is_file()
    });
    sources.map(|path| load(place, path)).collect()
}

fn load(place: &Place, path: &Path) -> anyhow::Result<Source> {
    let text = fs::read_to_string(place.root().join(path));
    Source::new(path, text.with_context(|| format!("{} cannot be read", path.display()))?)
}

/// True for `#[cfg(test)]`.
pub(super) fn is_test_only(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute.parse_args::<syn::Path>().is_ok_and(|condition| condition.is_ident("test"))
    })
}
