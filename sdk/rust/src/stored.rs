//! Reading files. What is missing or damaged is a failure of the simulation.

use std::fmt;
use std::ops::Deref;

use serde::de::DeserializeOwned;

use crate::artifacts::{Artifacts, ReadError};
use crate::contract::{Artifact, Failure, Source};

/// Well under the memory a plugin has.
const MAX_FILE_BYTES: u64 = 32 * 1024 * 1024;
const CHUNK_BYTES: u64 = 1024 * 1024;

/// A file of the run, an input or an output, with a way to read it.
#[derive(Clone, Copy)]
pub struct StoredFile<'a> {
    artifact: &'a Artifact,
    artifacts: &'a dyn Artifacts,
    call: Option<&'a str>,
}

impl<'a> StoredFile<'a> {
    /// A file the caller uploaded.
    pub(crate) const fn uploaded(artifact: &'a Artifact, artifacts: &'a dyn Artifacts) -> Self {
        Self { artifact, artifacts, call: None }
    }

    /// A file the container call `call` left.
    pub(crate) const fn left_by(call: &'a str, artifact: &'a Artifact, artifacts: &'a dyn Artifacts) -> Self {
        Self { artifact, artifacts, call: Some(call) }
    }

    /// For another container call: the host moves the file, the plugin does not read it.
    #[must_use]
    pub fn source(&self) -> Source {
        Source::Artifact(self.artifact.sha256.clone())
    }

    /// All bytes.
    ///
    /// # Errors
    /// When the host refuses, or they are more than 32 MiB.
    pub fn bytes(&self) -> Result<Vec<u8>, Failure> {
        if self.size > MAX_FILE_BYTES {
            let message = format!("has {} bytes; at most {MAX_FILE_BYTES} are read", self.size);
            return Err(self.failure(&message));
        }
        let mut content = Vec::new();
        loop {
            let chunk = self.artifacts.read(&self.sha256, content.len() as u64, CHUNK_BYTES);
            let chunk = chunk.map_err(|error| self.failure(&reason(&error)))?;
            if chunk.is_empty() {
                return Ok(content);
            }
            content.extend(chunk);
        }
    }

    /// The content piece by piece, however large.
    #[must_use]
    pub const fn reader(&self) -> Reader<'a> {
        Reader { artifact: self.artifact, artifacts: self.artifacts, offset: 0 }
    }

    /// The content as UTF-8 text.
    ///
    /// # Errors
    /// As [`bytes`](Self::bytes), or when it is no UTF-8.
    pub fn text(&self) -> Result<String, Failure> {
        String::from_utf8(self.bytes()?).map_err(|_| self.failure("is not UTF-8 text"))
    }

    /// The content, read as JSON.
    ///
    /// # Errors
    /// As [`bytes`](Self::bytes), or when it is no JSON, or not of the shape of `T`.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        serde_json::from_slice(&self.bytes()?)
            .map_err(|error| self.failure(&format!("cannot be understood: {error}")))
    }

    fn failure(&self, what: &str) -> Failure {
        Failure::simulation(match self.call {
            Some(call) => format!("`{}` of `{call}` {what}", self.path),
            None => format!("`{}` {what}", self.path),
        })
    }
}

/// Reads a stored file from its begin to its end.
#[derive(Clone, Copy)]
pub struct Reader<'a> {
    artifact: &'a Artifact,
    artifacts: &'a dyn Artifacts,
    offset: u64,
}

impl std::io::Read for Reader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let length = CHUNK_BYTES.min(buffer.len() as u64);
        let read = self.artifacts.read(&self.artifact.sha256, self.offset, length);
        let read = read.map_err(|error| std::io::Error::other(reason(&error)))?;
        for (place, byte) in buffer.iter_mut().zip(&read) {
            *place = *byte;
        }
        self.offset += read.len() as u64;
        Ok(read.len())
    }
}

impl fmt::Debug for Reader<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Reader")
            .field("artifact", self.artifact)
            .field("offset", &self.offset)
            .finish()
    }
}

fn reason(error: &ReadError) -> String {
    match error {
        ReadError::NotFound => "cannot be read: the host does not have it".to_owned(),
        ReadError::TooLong(limit) => {
            format!("cannot be read: the host reads at most {limit} bytes at once")
        }
    }
}

impl Deref for StoredFile<'_> {
    type Target = Artifact;

    fn deref(&self) -> &Artifact {
        self.artifact
    }
}

impl fmt::Debug for StoredFile<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.artifact.fmt(formatter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::MemoryArtifacts;

    #[test]
    fn json_longer_than_a_chunk_is_read_whole() {
        let mut artifacts = MemoryArtifacts::default();
        let numbers: Vec<u64> = (0..300_000).collect();
        let file = artifacts.add("n.json", serde_json::to_vec(&numbers).unwrap());
        assert!(file.size > CHUNK_BYTES);
        assert_eq!(StoredFile::uploaded(&file, &artifacts).json::<Vec<u64>>(), Ok(numbers));
    }

    #[test]
    fn what_is_damaged_is_named() {
        let mut artifacts = MemoryArtifacts::default();
        let bad = artifacts.add("bad.json", vec![b'1', 0xff]);
        let file = StoredFile::uploaded(&bad, &artifacts);
        assert_eq!(file.text().unwrap_err().to_string(), "`bad.json` is not UTF-8 text");
        assert!(file.json::<u64>().unwrap_err().to_string().starts_with("`bad.json` cannot be understood"));
    }

    #[test]
    fn a_file_over_the_bound_or_unknown_to_the_host_is_not_read() {
        let mut file = MemoryArtifacts::default().add("big", "");
        let unknown = file.clone();
        file.size = MAX_FILE_BYTES + 1;
        let nowhere = MemoryArtifacts::default();
        assert!(StoredFile::uploaded(&file, &nowhere).bytes().unwrap_err().to_string().contains("at most"));
        assert!(StoredFile::uploaded(&unknown, &nowhere).bytes().is_err());
    }
}
