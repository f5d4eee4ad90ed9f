//! Whether files can lie in one folder: no two at one path, none where another has a folder.

use crate::RelativePath;

/// Two files that cannot lie in one folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clash {
    /// Both have this path: places of the two in the list.
    Same(usize, usize),
    /// The first is a folder of the second: places of the two in the list.
    Folder(usize, usize),
}

impl Clash {
    /// Of the two, the one that comes later in the list.
    #[must_use]
    pub fn later(self) -> usize {
        let (Self::Same(one, other) | Self::Folder(one, other)) = self;
        one.max(other)
    }

    /// Of the two, the one with the shorter path.
    #[must_use]
    pub const fn folder(self) -> usize {
        let (Self::Same(folder, _) | Self::Folder(folder, _)) = self;
        folder
    }

    /// The first clash among `paths`, in the order of names; takes no longer than sorting them.
    #[must_use]
    pub fn among<'a>(paths: impl IntoIterator<Item = &'a RelativePath>) -> Option<Self> {
        let mut sorted: Vec<(&str, usize)> =
            paths.into_iter().enumerate().map(|(place, path)| (path.as_str(), place)).collect();
        // By parts, so that what lies in a folder follows the folder at once.
        sorted.sort_by(|(one, _), (other, _)| one.split('/').cmp(other.split('/')));
        let mut neighbours = sorted.iter().zip(sorted.iter().skip(1));
        neighbours.find_map(|(one, other)| between(*one, *other))
    }
}

fn between((one, first): (&str, usize), (other, second): (&str, usize)) -> Option<Clash> {
    match other.strip_prefix(one) {
        Some("") => Some(Clash::Same(first, second)),
        Some(rest) if rest.starts_with('/') => Some(Clash::Folder(first, second)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clash(paths: &[&str]) -> Option<Clash> {
        let paths: Vec<RelativePath> = paths.iter().map(|path| RelativePath::new(*path).unwrap()).collect();
        Clash::among(&paths)
    }

    #[test]
    fn neighbours_and_names_that_differ_in_case_do_not_clash() {
        assert_eq!(clash(&["a/b", "a/c", "ab", "A/b", "a.m", "a-b/c", "a b"]), None);
        assert_eq!(clash(&[]), None);
    }

    #[test]
    fn the_same_path_clashes() {
        assert_eq!(clash(&["x", "a/b", "y", "a/b"]), Some(Clash::Same(1, 3)));
    }

    #[test]
    fn a_file_is_no_folder_whatever_lies_between_the_two_in_the_alphabet() {
        assert_eq!(clash(&["a/b/c", "a-b", "a", "a.m"]), Some(Clash::Folder(2, 0)));
        assert_eq!(clash(&["a/b", "a/b/c/d"]).unwrap().later(), 1);
    }
}
