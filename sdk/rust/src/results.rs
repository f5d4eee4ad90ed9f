//! What became of a step's container calls.

use std::fmt;
use std::ops::Deref;

use serde::de::DeserializeOwned;

use crate::artifacts::Artifacts;
use crate::contract::{ContainerResult, Ending, Failure, Omission};
use crate::stored::StoredFile;

/// The results of a step, in the order of its calls.
#[derive(Clone, Copy)]
pub struct Results<'a> {
    results: &'a [ContainerResult],
    artifacts: &'a dyn Artifacts,
}

impl<'a> Results<'a> {
    /// `results`, whose files are read from `artifacts`.
    #[must_use]
    pub const fn new(results: &'a [ContainerResult], artifacts: &'a dyn Artifacts) -> Self {
        Self { results, artifacts }
    }

    /// All of them, however they ended.
    pub fn iter(&self) -> impl Iterator<Item = CallResult<'a>> + use<'a> {
        let artifacts = self.artifacts;
        self.results.iter().map(move |result| CallResult { result, artifacts })
    }

    /// The result of the call `name`, which must have exited with code 0.
    ///
    /// # Errors
    /// When there is none, or it ended in another way.
    pub fn call(&self, name: &str) -> Result<CallResult<'a>, Failure> {
        let found = self.iter().find(|result| result.name == name);
        let result = found.ok_or_else(|| Failure::simulation(format!("there is no result of `{name}`")))?;
        match result.ending {
            Ending::Exited(0) => Ok(result),
            ending => Err(Failure::simulation(format!("`{name}` {}", in_words(ending)))),
        }
    }
}

impl fmt::Debug for Results<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.results.fmt(formatter)
    }
}

/// The result of one container call, with a way to read what it left.
#[derive(Clone, Copy)]
pub struct CallResult<'a> {
    result: &'a ContainerResult,
    artifacts: &'a dyn Artifacts,
}

impl<'a> CallResult<'a> {
    /// What it printed: the first and last part.
    #[must_use]
    pub fn stdout(&self) -> &'a str {
        &self.result.stdout
    }

    /// Bytes in the middle of what it printed that were not kept.
    #[must_use]
    pub fn stdout_omitted(&self) -> u64 {
        self.result.stdout_omitted
    }

    /// Bytes in the middle of what it complained of that were not kept.
    #[must_use]
    pub fn stderr_omitted(&self) -> u64 {
        self.result.stderr_omitted
    }

    /// Processor time of the command and all it started, milliseconds; none when nobody can tell.
    #[must_use]
    pub fn cpu_ms(&self) -> Option<u64> {
        self.result.cpu_ms
    }

    /// The most memory in use at one moment, its files included; none when nobody can tell.
    #[must_use]
    pub fn peak_memory_bytes(&self) -> Option<u64> {
        self.result.peak_memory_bytes
    }

    /// Files that were asked for and could not be kept, each with its reason.
    #[must_use]
    pub fn left_out(&self) -> &'a [Omission] {
        &self.result.left_out
    }

    /// How many further ones there were that [`left_out`](Self::left_out) does not list.
    #[must_use]
    pub fn left_out_more(&self) -> u64 {
        self.result.left_out_more
    }

    /// The files it left.
    pub fn files(&self) -> impl Iterator<Item = StoredFile<'a>> + use<'a> {
        let Self { result, artifacts } = *self;
        result.outputs.iter().map(move |output| StoredFile::left_by(&result.name, output, artifacts))
    }

    /// The file it left under this path.
    ///
    /// # Errors
    /// When there is none, or it was left out; the error says why.
    pub fn file(&self, path: &str) -> Result<StoredFile<'a>, Failure> {
        let found = self.files().find(|file| file.path == path);
        found.ok_or_else(|| Failure::simulation(self.why_missing(path)))
    }

    fn why_missing(&self, path: &str) -> String {
        let (name, more) = (&self.name, self.left_out_more());
        match self.left_out().iter().find(|omission| omission.path == path) {
            Some(Omission { reason, .. }) => format!("`{path}` of `{name}` was left out: {reason}"),
            None if more == 0 => format!("`{name}` left no file `{path}`"),
            None => format!(
                "`{path}` is not among the files kept of `{name}`, nor among those listed as left out; {more} further ones were left out"
            ),
        }
    }

    /// The file it left under this path, as text.
    ///
    /// # Errors
    /// When there is none, or it is no UTF-8.
    pub fn text(&self, path: &str) -> Result<String, Failure> {
        self.file(path)?.text()
    }

    /// The file it left under this path, read as JSON.
    ///
    /// # Errors
    /// When there is none, or it is no JSON, or not of the shape of `T`.
    pub fn json<T: DeserializeOwned>(&self, path: &str) -> Result<T, Failure> {
        self.file(path)?.json()
    }
}

impl Deref for CallResult<'_> {
    type Target = ContainerResult;

    fn deref(&self) -> &ContainerResult {
        self.result
    }
}

impl fmt::Debug for CallResult<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.result.fmt(formatter)
    }
}

fn in_words(ending: Ending) -> String {
    match ending {
        Ending::Exited(code) => format!("exited with code {code}"),
        Ending::Signalled(signal) => format!("was ended by signal {signal}"),
        Ending::OutOfMemory => "ran out of memory".to_owned(),
        Ending::TimedOut => "ran longer than allowed".to_owned(),
        Ending::ScratchFull => "filled its working directory".to_owned(),
        Ending::OutputLimit => "printed or wrote more than allowed".to_owned(),
        Ending::ProcessLimit => "was refused a process: it had as many as allowed".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{MemoryArtifacts, ended};

    #[test]
    fn only_an_exit_with_0_is_an_answer() {
        let artifacts = MemoryArtifacts::default();
        for ending in [
            Ending::Exited(1),
            Ending::Signalled(11),
            Ending::OutOfMemory,
            Ending::TimedOut,
            Ending::ScratchFull,
            Ending::OutputLimit,
            Ending::ProcessLimit,
        ] {
            let results = [ended("solve", ending, vec![])];
            let results = Results::new(&results, &artifacts);
            assert!(results.call("solve").is_err(), "{ending:?}");
            assert!(results.iter().any(|result| result.ending == ending));
        }
        let results = [ended("solve", Ending::Exited(0), vec![])];
        assert!(Results::new(&results, &artifacts).call("solve").is_ok());
        assert!(Results::new(&results, &artifacts).call("other").is_err());
    }

    #[test]
    fn a_missing_file_is_named() {
        let artifacts = MemoryArtifacts::default();
        let results = [ended("solve", Ending::Exited(0), vec![])];
        let failed = Results::new(&results, &artifacts).call("solve").unwrap().json::<u8>("y.json");
        assert_eq!(failed, Err(Failure::simulation("`solve` left no file `y.json`")));
    }

    #[test]
    fn a_file_that_was_left_out_has_its_reason() {
        let artifacts = MemoryArtifacts::default();
        let mut result = ended("solve", Ending::Exited(0), vec![]);
        result.left_out = vec![Omission { path: "y.json".into(), reason: "it is a device".into() }];
        result.left_out_more = 2;
        let results = [result];
        let solve = Results::new(&results, &artifacts).call("solve").unwrap();
        let told = solve.json::<u8>("y.json").unwrap_err().to_string();
        assert_eq!(told, "`y.json` of `solve` was left out: it is a device");
        assert!(solve.file("z.json").unwrap_err().to_string().contains("2 further ones were left out"));
    }
}
