//! Image IDs: what runs is named by its content, never by a tag.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use simulay_model::Digest;

const PREFIX: &str = "sha256:";

/// The ID of an image: `sha256:` and 64 lower-case hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ImageId(Digest);

/// A string that is not an image ID.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an image ID is `sha256:` and 64 lower-case hexadecimal digits")]
pub struct ImageIdError;

impl FromStr for ImageId {
    type Err = ImageIdError;

    fn from_str(text: &str) -> Result<Self, ImageIdError> {
        let digits = text.strip_prefix(PREFIX).ok_or(ImageIdError)?;
        digits.parse().map(Self).map_err(|_| ImageIdError)
    }
}

impl TryFrom<String> for ImageId {
    type Error = ImageIdError;

    fn try_from(text: String) -> Result<Self, ImageIdError> {
        text.parse()
    }
}

impl From<ImageId> for String {
    fn from(id: ImageId) -> Self {
        id.to_string()
    }
}

impl From<Digest> for ImageId {
    fn from(digest: Digest) -> Self {
        Self(digest)
    }
}

impl ImageId {
    /// That of its configuration.
    #[must_use]
    pub const fn digest(self) -> Digest {
        self.0
    }
}

impl fmt::Display for ImageId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{PREFIX}{}", self.0)
    }
}

/// An image of the operator's list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegisteredImage {
    /// Logical name.
    pub name: String,
    /// What it stands for.
    pub id: ImageId,
    /// Docker has it; of several nodes, one does.
    pub present: bool,
    /// Bytes, when present.
    pub size: Option<u64>,
    /// The `simulay-init` in it, as its registration noted.
    pub init: Option<Digest>,
    /// Names of the nodes that lack it, where there are several.
    #[serde(default)]
    pub lacking: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_ids_are_ids() {
        let id = format!("sha256:{}", "0a".repeat(32));
        assert_eq!(id.parse::<ImageId>().map(|id| id.to_string()), Ok(id.clone()));
        let (upper, short) = (id.to_uppercase(), id.trim_end_matches("a"));
        let long = format!("{id}0");
        for text in ["", "octave", "octave:latest", "sha256:", "-v", short, &upper, &long] {
            assert_eq!(text.parse::<ImageId>(), Err(ImageIdError), "{text}");
        }
    }
}
