//! Reading what containers left. What is missing or damaged is a failure of the simulation.

use serde::de::DeserializeOwned;

use crate::{Artifact, Artifacts, ContainerResult, Ending, Failure, ReadError};

/// Well under the memory a plugin has.
const MAX_FILE_BYTES: u64 = 32 * 1024 * 1024;
const CHUNK_BYTES: u64 = 1024 * 1024;

/// The result of the call `name`, which must have exited with code 0.
///
/// # Errors
/// When there is none, or it ended in another way.
pub fn result<'a>(results: &'a [ContainerResult], name: &str) -> Result<&'a ContainerResult, Failure> {
    let found = results.iter().find(|result| result.name == name);
    let result = found.ok_or_else(|| Failure::simulation(format!("there is no result of `{name}`")))?;
    match result.ending {
        Ending::Exited(0) => Ok(result),
        ending => Err(Failure::simulation(format!("`{name}` {}", in_words(ending)))),
    }
}

/// The output of `result` with this path.
///
/// # Errors
/// When the container left no such file.
pub fn output<'a>(result: &'a ContainerResult, path: &str) -> Result<&'a Artifact, Failure> {
    result
        .outputs
        .iter()
        .find(|output| output.path == path)
        .ok_or_else(|| Failure::simulation(format!("`{}` ended well but left no file `{path}`", result.name)))
}

/// All bytes of an artifact.
///
/// # Errors
/// When the host refuses, or the artifact is over 32 MiB.
pub fn bytes(artifacts: &dyn Artifacts, artifact: &Artifact) -> Result<Vec<u8>, Failure> {
    if artifact.size > MAX_FILE_BYTES {
        let message =
            format!("`{}` has {} bytes; at most {MAX_FILE_BYTES} are read", artifact.path, artifact.size);
        return Err(Failure::simulation(message));
    }
    let mut content = Vec::new();
    loop {
        let chunk = artifacts
            .read(&artifact.sha256, content.len() as u64, CHUNK_BYTES)
            .map_err(|error| refused(artifact, &error))?;
        if chunk.is_empty() {
            return Ok(content);
        }
        content.extend(chunk);
    }
}

/// An artifact as UTF-8 text.
///
/// # Errors
/// As [`bytes`], or when it is no UTF-8.
pub fn text(artifacts: &dyn Artifacts, artifact: &Artifact) -> Result<String, Failure> {
    String::from_utf8(bytes(artifacts, artifact)?)
        .map_err(|_| Failure::simulation(format!("`{}` is not UTF-8 text", artifact.path)))
}

/// The output `path` of `result`, read as JSON.
///
/// # Errors
/// When it is missing, no JSON, or not of the shape of `T`.
pub fn json<T: DeserializeOwned>(
    artifacts: &dyn Artifacts,
    result: &ContainerResult,
    path: &str,
) -> Result<T, Failure> {
    let content = bytes(artifacts, output(result, path)?)?;
    serde_json::from_slice(&content)
        .map_err(|error| Failure::simulation(format!("`{path}` of `{}`: {error}", result.name)))
}

fn refused(artifact: &Artifact, error: &ReadError) -> Failure {
    let reason = match error {
        ReadError::NotFound => "the host does not have it".to_owned(),
        ReadError::TooLong(limit) => format!("the host reads at most {limit} bytes at once"),
    };
    Failure::simulation(format!("`{}` cannot be read: {reason}", artifact.path))
}

fn in_words(ending: Ending) -> String {
    match ending {
        Ending::Exited(code) => format!("exited with code {code}"),
        Ending::Signalled(signal) => format!("was ended by signal {signal}"),
        Ending::OutOfMemory => "ran out of memory".to_owned(),
        Ending::TimedOut => "ran longer than allowed".to_owned(),
        Ending::ScratchFull => "filled its working directory".to_owned(),
        Ending::OutputLimit => "printed or left more than allowed".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{MemoryArtifacts, testing};

    fn ended(ending: Ending, outputs: Vec<Artifact>) -> ContainerResult {
        testing::ended("solve", ending, outputs)
    }

    #[test]
    fn json_longer_than_a_chunk_is_read_whole() {
        let mut artifacts = MemoryArtifacts::default();
        let numbers: Vec<u64> = (0..300_000).collect();
        let file = artifacts.add("n.json", serde_json::to_vec(&numbers).unwrap());
        assert!(file.size > CHUNK_BYTES);
        let result = ended(Ending::Exited(0), vec![file]);
        assert_eq!(json::<Vec<u64>>(&artifacts, &result, "n.json"), Ok(numbers));
    }

    #[test]
    fn what_is_missing_or_damaged_is_named() {
        let mut artifacts = MemoryArtifacts::default();
        let file = artifacts.add("bad.json", "12x");
        let result = ended(Ending::Exited(0), vec![file]);
        let message = |path| match json::<u64>(&artifacts, &result, path) {
            Err(Failure::Simulation(message)) => message,
            other => panic!("{other:?}"),
        };
        assert_eq!(message("none.json"), "`solve` ended well but left no file `none.json`");
        assert!(message("bad.json").starts_with("`bad.json` of `solve`: trailing"));
    }

    #[test]
    fn only_an_exit_with_0_is_a_result() {
        for ending in [
            Ending::Exited(1),
            Ending::Signalled(11),
            Ending::OutOfMemory,
            Ending::TimedOut,
            Ending::ScratchFull,
            Ending::OutputLimit,
        ] {
            assert!(result(&[ended(ending, vec![])], "solve").is_err(), "{ending:?}");
        }
        assert!(result(&[ended(Ending::Exited(0), vec![])], "solve").is_ok());
        assert!(result(&[ended(Ending::Exited(0), vec![])], "other").is_err());
    }

    #[test]
    fn a_file_over_the_bound_is_not_read() {
        let mut file = MemoryArtifacts::default().add("big", "");
        file.size = MAX_FILE_BYTES + 1;
        assert!(bytes(&MemoryArtifacts::default(), &file).is_err());
    }
}
