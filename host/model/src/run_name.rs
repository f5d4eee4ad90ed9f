//! What people call a run.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::text::shows_in_one_line;

/// The most characters of a name.
const MOST: usize = 200;

/// One line of 1 to 200 characters that shows as it is written. Names need not differ.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RunName(String);

/// A text that is no name of a run.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("a name has 1 to {MOST} characters, none of them a control character or a direction mark")]
pub struct RunNameError;

impl RunName {
    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for RunName {
    type Error = RunNameError;

    fn try_from(text: String) -> Result<Self, RunNameError> {
        let fits = !text.trim().is_empty() && text.chars().count() <= MOST;
        if fits && shows_in_one_line(&text) { Ok(Self(text)) } else { Err(RunNameError) }
    }
}

impl FromStr for RunName {
    type Err = RunNameError;

    fn from_str(text: &str) -> Result<Self, RunNameError> {
        text.to_owned().try_into()
    }
}

impl From<RunName> for String {
    fn from(name: RunName) -> Self {
        name.0
    }
}

impl fmt::Display for RunName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_one_line_that_shows_as_it_is_written() {
        let (longest, longer) = ("ü".repeat(MOST), "ü".repeat(MOST + 1));
        for text in ["a", "Plate, 2 mm (third try)", "∂u/∂t", "<b>", longest.as_str()] {
            assert_eq!(text.parse::<RunName>().unwrap().as_str(), text);
        }
        for text in ["", " ", "a\nb", "\t", "\u{7f}", "\u{202e}gpj", longer.as_str()] {
            assert_eq!(text.parse::<RunName>(), Err(RunNameError), "{text:?}");
        }
    }
}
