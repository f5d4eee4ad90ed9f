//! Glob patterns of the files to keep, read alike by the host and by `simulay-init`.
//!
//! `*` stands for any characters of one name, `**` for any folders, `?`, `[a-z]` and `[!a]` for one ASCII
//! character, `{a,b}` for either; `\` takes the next character as it is.

use std::fmt;

/// Patterns of which each is well formed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Patterns(Vec<String>);

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
        write!(formatter, "outputs[{}] is no glob pattern: {}", self.index, self.rule)
    }
}

impl std::error::Error for PatternError {}

impl Patterns {
    /// Reads patterns.
    ///
    /// # Errors
    /// For the first that is not well formed.
    pub fn new(patterns: &[String]) -> Result<Self, PatternError> {
        for (index, pattern) in patterns.iter().enumerate() {
            check(pattern).map_err(|rule| PatternError { index, rule })?;
        }
        Ok(Self(patterns.to_vec()))
    }

    /// True when no file can match.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// True when one of the patterns fits the whole of `path`, relative to the working directory.
    #[must_use]
    pub fn is_match(&self, path: impl AsRef<[u8]>) -> bool {
        let path = path.as_ref();
        self.0.iter().any(|pattern| fast_glob::glob_match(pattern, path))
    }
}

fn check(pattern: &str) -> Result<(), String> {
    // It would stand for every file but those that match the rest.
    if pattern.starts_with('!') {
        return Err("it must not begin with `!`; write `\\!` for the character".to_owned());
    }
    fast_glob::validate(pattern).map_err(|error| error.to_string())
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
        for pattern in ["[a", "{a,b", "a\\", "!a", &"{a,b}".repeat(11)] {
            assert_eq!(refused(pattern).index, 1, "{pattern}");
            assert!(!refused(pattern).rule.is_empty(), "{pattern}");
        }
    }

    #[test]
    fn a_name_that_is_no_text_can_match() {
        assert!(Patterns::new(&["*".to_owned()]).unwrap().is_match(b"\xff"));
        assert!(!Patterns::default().is_match("a"));
    }
}
