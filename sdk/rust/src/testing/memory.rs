//! Artifacts of a test.

use crate::artifacts::{Artifacts, ReadError};
use crate::contract::{Artifact, Source};

/// Artifacts in memory, in place of the host's.
#[derive(Debug, Clone, Default)]
pub struct MemoryArtifacts {
    contents: Vec<Vec<u8>>,
}

impl MemoryArtifacts {
    /// Adds a file; its digest is a stand-in, right in form and unique.
    pub fn add(&mut self, path: &str, content: impl Into<Vec<u8>>) -> Artifact {
        let content = content.into();
        let artifact = Artifact {
            path: path.to_owned(),
            size: content.len() as u64,
            sha256: format!("{:064x}", self.contents.len()),
            media_type: "application/octet-stream".to_owned(),
        };
        self.contents.push(content);
        artifact
    }

    /// The content of an artifact, if there is one of this digest.
    #[must_use]
    pub fn content(&self, sha256: &str) -> Option<&[u8]> {
        let index = usize::from_str_radix(sha256, 16).ok()?;
        self.contents.get(index).map(Vec::as_slice)
    }

    /// The bytes of a file that a plugin places or offers.
    pub(super) fn content_of<'a>(&'a self, source: &'a Source) -> Option<&'a [u8]> {
        match source {
            Source::Text(text) => Some(text.as_bytes()),
            Source::Bytes(bytes) => Some(bytes),
            Source::Artifact(sha256) => self.content(sha256),
        }
    }
}

impl Artifacts for MemoryArtifacts {
    fn read(&self, sha256: &str, offset: u64, length: u64) -> Result<Vec<u8>, ReadError> {
        let content = self.content(sha256).ok_or(ReadError::NotFound)?;
        let bytes = content.iter().skip(bound(offset)).take(bound(length));
        Ok(bytes.copied().collect())
    }
}

fn bound(value: u64) -> usize {
    usize::try_from(value).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_read_and_ends_with_the_content() {
        let mut artifacts = MemoryArtifacts::default();
        artifacts.add("other", "zzz");
        let artifact = artifacts.add("a", "hello");
        assert_eq!(artifacts.read(&artifact.sha256, 1, 3).unwrap(), b"ell");
        assert_eq!(artifacts.read(&artifact.sha256, 4, 9).unwrap(), b"o");
        assert!(artifacts.read(&artifact.sha256, 5, 9).unwrap().is_empty());
        assert!(artifacts.read("ff", 0, 1).is_err());
    }
}
