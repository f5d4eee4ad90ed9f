//! Names of files inside a container: metadata only, never a path the host opens. Whatever a file can be called
//! there is a name here; who shows one makes it harmless.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The most bytes a whole path may have.
pub const MAX_PATH_BYTES: usize = 1024;
const MAX_PART_BYTES: usize = 255;

/// A checked `/`-separated path below the working directory, e.g. `out/field.csv`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RelativePath(String);

/// Why a path is refused.
#[derive(Debug, Clone, Copy, thiserror::Error, PartialEq, Eq)]
pub enum PathError {
    /// Nothing at all, or nothing between two slashes.
    #[error("a path and each part of it must not be empty")]
    Empty,
    /// Over 1024 bytes, or a part over 255 bytes.
    #[error("a path has at most {MAX_PATH_BYTES} bytes, each part at most {MAX_PART_BYTES}")]
    TooLong,
    /// Starts with `/`.
    #[error("a path must be relative")]
    Absolute,
    /// A part is `.` or `..`.
    #[error("a path must not contain `.` or `..`")]
    Dots,
    /// The character that no file system takes.
    #[error("a path must not contain NUL")]
    Nul,
}

impl RelativePath {
    /// Checks `text` and takes it.
    ///
    /// # Errors
    /// The first rule it breaks.
    pub fn new(text: impl Into<String>) -> Result<Self, PathError> {
        let text = text.into();
        if text.starts_with('/') {
            return Err(PathError::Absolute);
        }
        if text.len() > MAX_PATH_BYTES {
            return Err(PathError::TooLong);
        }
        if text.contains('\0') {
            return Err(PathError::Nul);
        }
        text.split('/').try_for_each(check_part)?;
        Ok(Self(text))
    }

    /// The path as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The last part.
    #[must_use]
    pub fn file_name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }
}

fn check_part(part: &str) -> Result<(), PathError> {
    match part {
        "" => Err(PathError::Empty),
        "." | ".." => Err(PathError::Dots),
        _ if part.len() > MAX_PART_BYTES => Err(PathError::TooLong),
        _ => Ok(()),
    }
}

impl fmt::Display for RelativePath {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl TryFrom<String> for RelativePath {
    type Error = PathError;

    fn try_from(text: String) -> Result<Self, PathError> {
        Self::new(text)
    }
}

impl From<RelativePath> for String {
    fn from(path: RelativePath) -> Self {
        path.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_paths_are_taken() {
        for text in ["a", "out/field.csv", "größe/Δt.txt", "...", "a b", "-10.csv", "a\\b", "a\nb"] {
            assert!(RelativePath::new(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn hostile_paths_are_refused_by_rule() {
        let long = "x".repeat(256);
        for (text, error) in [
            ("", PathError::Empty),
            ("a//b", PathError::Empty),
            ("a/", PathError::Empty),
            ("/etc/passwd", PathError::Absolute),
            ("../x", PathError::Dots),
            ("a/../b", PathError::Dots),
            ("./a", PathError::Dots),
            ("a\0b", PathError::Nul),
            (long.as_str(), PathError::TooLong),
        ] {
            assert_eq!(RelativePath::new(text), Err(error), "{text:?}");
        }
    }
}
