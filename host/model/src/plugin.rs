//! Uploaded plugins and how they are named.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use semver::Version;
use serde::{Deserialize, Serialize};

use crate::{Digest, Manifest};

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

/// A plugin version and the exact bytes that go by it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PluginRef {
    /// Name.
    pub name: PluginName,
    /// Semantic version.
    pub version: Version,
    /// Address of the component.
    pub sha256: Digest,
}

impl fmt::Display for PluginRef {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}@{}", self.name, self.version)
    }
}

/// An uploaded plugin; immutable but for its retirement.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plugin {
    /// Address of the component.
    pub sha256: Digest,
    /// Bytes of the component.
    pub size: u64,
    /// What it says of itself.
    pub manifest: Manifest,
    /// When it was uploaded.
    pub uploaded_at: Timestamp,
    /// When it was retired: no new runs from then on.
    pub retired_at: Option<Timestamp>,
}

impl Plugin {
    /// Its name, version and address.
    #[must_use]
    pub fn reference(&self) -> PluginRef {
        PluginRef {
            name: self.manifest.name.clone(),
            version: self.manifest.version.clone(),
            sha256: self.sha256,
        }
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
