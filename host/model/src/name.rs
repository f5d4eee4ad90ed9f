//! Names of plugins, and so of pipelines.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Lower-case letters, digits and dashes; starts with a letter; at most 64 characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PluginName(String);

/// A string that is not a plugin name.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("a plugin name has 1 to 64 lower-case letters, digits and dashes and starts with a letter")]
pub struct PluginNameError;

impl PluginName {
    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for PluginName {
    type Err = PluginNameError;

    fn from_str(text: &str) -> Result<Self, PluginNameError> {
        let starts_well = text.starts_with(|c: char| c.is_ascii_lowercase());
        let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if starts_well && text.len() <= 64 && text.chars().all(allowed) {
            Ok(Self(text.to_owned()))
        } else {
            Err(PluginNameError)
        }
    }
}

impl TryFrom<String> for PluginName {
    type Error = PluginNameError;

    fn try_from(text: String) -> Result<Self, PluginNameError> {
        text.parse()
    }
}

impl From<PluginName> for String {
    fn from(name: PluginName) -> Self {
        name.0
    }
}

impl fmt::Display for PluginName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_grammar() {
        assert!("heat-equation2".parse::<PluginName>().is_ok());
        let long = "a".repeat(65);
        for text in ["", "A", "2d", "-a", "a/b", "..", "a_b", "ä", "a\n", long.as_str()] {
            assert_eq!(text.parse::<PluginName>(), Err(PluginNameError), "{text:?}");
        }
    }
}
