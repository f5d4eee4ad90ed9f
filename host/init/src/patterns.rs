//! Glob patterns of the files to keep, read alike by the host and by `simulay-init`.
//!
//! `*` stands for any characters of one name, `**` for any folders, `?`, `[a-z]` and `[!a]` for one ASCII
//! character, `{a,b}` for either; `\` takes the next character as it is. All are compiled into one automaton,
//! so that a match takes time in proportion to the path and to the number of wildcards, which is bounded.

use std::fmt;

use globset::{Glob, GlobBuilder, GlobSet};

/// The most bytes of all patterns together.
const MAX_TOTAL_BYTES: usize = 16 * 1024;
/// The most wildcards, classes and braces of all patterns together.
const MAX_WILDCARDS: usize = 256;

/// Patterns of which each is well formed.
#[derive(Debug, Clone, Default)]
pub struct Patterns {
    set: GlobSet,
}

/// A pattern that is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PatternError {
    /// Which.
    pub index: usize,
    /// Why, in words.
    pub rule: String,
}

impl fmt::Display for PatternError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "[{}] is no glob pattern: {}", self.index, self.rule)
    }
}

impl std::error::Error for PatternError {}

impl Patterns {
    /// Reads patterns.
    ///
    /// # Errors
    /// For the first that is not well formed, or with which they are too much.
    pub fn new(patterns: &[String]) -> Result<Self, PatternError> {
        let mut set = GlobSet::builder();
        for glob in globs(patterns) {
            set.add(glob?);
        }
        let last = patterns.len().saturating_sub(1);
        let set = set.build().map_err(|_| PatternError { index: last, rule: too_much() })?;
        Ok(Self { set })
    }

    /// Reads patterns as [`Patterns::new`] does, and makes nothing of them.
    ///
    /// # Errors
    /// For the first that is not well formed, or with which they are too many.
    pub fn check(patterns: &[String]) -> Result<(), PatternError> {
        globs(patterns).try_for_each(|glob| glob.map(drop))
    }

    /// True when no file can match.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.set.is_empty()
    }

    /// True when one of the patterns fits the whole of `path`, relative to the working directory.
    #[must_use]
    pub fn is_match(&self, path: impl AsRef<[u8]>) -> bool {
        use std::os::unix::ffi::OsStrExt as _;
        self.set.is_match(std::ffi::OsStr::from_bytes(path.as_ref()))
    }
}

/// Each pattern, as far as it is well formed.
fn globs(patterns: &[String]) -> impl Iterator<Item = Result<Glob, PatternError>> {
    let (mut bytes, mut wildcards) = (0, 0);
    patterns.iter().enumerate().map(move |(index, pattern)| {
        bytes += pattern.len();
        wildcards += pattern.matches(['*', '?', '[', '{']).count();
        let fits = bytes <= MAX_TOTAL_BYTES && wildcards <= MAX_WILDCARDS;
        let glob = if fits { read(pattern) } else { Err(too_much()) };
        glob.map_err(|rule| PatternError { index, rule })
    })
}

fn too_much() -> String {
    format!("all patterns together have at most {MAX_TOTAL_BYTES} bytes and {MAX_WILDCARDS} wildcards")
}

fn read(pattern: &str) -> Result<Glob, String> {
    // It stands for every file but those that match the rest elsewhere.
    if pattern.starts_with('!') {
        return Err("it must not begin with `!`; write `\\!` for the character".to_owned());
    }
    let mut glob = GlobBuilder::new(pattern);
    glob.literal_separator(true).backslash_escape(true).empty_alternates(true);
    glob.build().map_err(|error| error.kind().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, path: &str) -> bool {
        Patterns::new(&[pattern.to_owned()]).unwrap().is_match(path)
    }

    #[test]
    fn wildcards_stay_within_a_name_and_two_stars_do_not() {
        for (pattern, path) in [
            ("*", "a.csv"),
            ("*", ".hidden"),
            ("out/*.csv", "out/a.csv"),
            ("**/*.csv", "a.csv"),
            ("**/*.csv", "out/deep/a.csv"),
            ("out/**", "out/deep/a"),
            ("a/**/b", "a/b"),
            ("?", "a"),
            ("gr*e", "größe"),
        ] {
            assert!(matches(pattern, path), "{pattern} {path}");
        }
        for (pattern, path) in [
            ("*", "out/a"),
            ("?", "/"),
            ("a[/]b", "a/b"),
            ("a*b", "a/b"),
            ("*.csv", "out/a.csv"),
            ("out/**", "out"),
            ("a", "ab"),
        ] {
            assert!(!matches(pattern, path), "{pattern} {path}");
        }
    }

    #[test]
    fn classes_alternatives_and_escapes_are_read() {
        assert!(matches("[a-c]", "b") && matches("[!a-c]", "d") && !matches("[!a-c]", "b"));
        assert!(matches("*.{png,svg}", "plot.svg") && !matches("*.{png,svg}", "plot.csv"));
        assert!(matches("\\*", "*") && !matches("\\*", "a") && matches("\\!a", "!a"));
    }

    #[test]
    fn what_is_not_well_formed_is_refused_by_its_place() {
        let refused = |pattern: &str| Patterns::new(&["*".to_owned(), pattern.to_owned()]).unwrap_err();
        let nested = format!("{}{}", "{a,".repeat(200), "}".repeat(200));
        for pattern in
            ["[a", "{a,b", "a\\", "!a", "[z-a]", &nested, &"{a,b}".repeat(257), &"a".repeat(17_000)]
        {
            assert_eq!(refused(pattern).index, 1, "{pattern}");
            assert!(!refused(pattern).rule.is_empty(), "{pattern}");
        }
    }

    #[test]
    fn patterns_made_to_take_for_ever_do_not() {
        let path = format!("{}b", "a".repeat(1000));
        for pattern in [
            &"{a,aa}".repeat(200),
            &format!("{}x", "*a".repeat(250)),
            &format!("{}x", "**/".repeat(120)),
            &format!("{}x", "{*,**/}".repeat(60)),
            &format!("{}x", "?*".repeat(120)),
        ] {
            assert!(!matches(pattern, &path), "{pattern}");
        }
    }

    #[test]
    fn a_name_that_is_no_text_can_match() {
        assert!(Patterns::new(&["*".to_owned()]).unwrap().is_match(b"\xff"));
        assert!(!Patterns::default().is_match("a"));
    }
}
