//! What the `.gitignore` files of a folder say; those of its parents and of the user say nothing here.

use std::path::Path;

use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};

/// The rules of a folder, and of those around it.
pub(super) struct Rules<'a> {
    own: Gitignore,
    outer: Option<&'a Rules<'a>>,
}

impl<'a> Rules<'a> {
    /// The rules in `folder`.
    pub(super) fn of(folder: &Path, outer: Option<&'a Self>) -> Result<Self, String> {
        let file = folder.join(".gitignore");
        let mut builder = GitignoreBuilder::new(folder);
        let failed = |error: ignore::Error| format!("--input: {} is not understood: {error}", file.display());
        if file.is_file() {
            builder.add(&file).map_or(Ok(()), |error| Err(failed(error)))?;
        }
        Ok(Self { own: builder.build().map_err(failed)?, outer })
    }

    /// Whether `path` is named; the rules that are nearest to it win.
    pub(super) fn leave_out(&self, path: &Path, is_folder: bool) -> bool {
        match self.own.matched(path, is_folder) {
            Match::Ignore(_) => true,
            Match::Whitelist(_) => false,
            Match::None => self.outer.is_some_and(|outer| outer.leave_out(path, is_folder)),
        }
    }
}
