//! What the `.gitignore` files of a folder say; those of its parents and of the user say nothing here.

use std::fs;
use std::path::Path;

use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};

/// What the files are called.
pub(super) const FILE: &str = ".gitignore";
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The rules of a folder, and of those around it.
pub(super) struct Rules<'a> {
    own: Gitignore,
    outer: Option<&'a Rules<'a>>,
}

impl<'a> Rules<'a> {
    /// The rules in `folder`, and which lines are none: as git does, these are passed over.
    pub(super) fn of(folder: &Path, outer: Option<&'a Self>) -> (Self, Vec<usize>) {
        let mut builder = GitignoreBuilder::new(folder);
        let text = fs::read(folder.join(FILE)).unwrap_or_default();
        let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&text);
        let mut wrong = Vec::new();
        for (line, number) in text.split(|byte| *byte == b'\n').zip(1..) {
            let rule = str::from_utf8(line).ok().map(|rule| rule.trim_end_matches('\r'));
            if rule.is_none_or(|rule| builder.add_line(None, rule).is_err()) {
                wrong.push(number);
            }
        }
        (Self { own: builder.build().unwrap_or_else(|_| Gitignore::empty()), outer }, wrong)
    }

    /// No rules.
    pub(super) fn none() -> Self {
        Self { own: Gitignore::empty(), outer: None }
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
