//! A container call as a test sees it, and how the test answers it.

use std::ops::Deref;

use serde::Serialize;
use serde_json::Value;

use crate::contract::{Artifact, ContainerCall, ContainerResult, Ending, Source};
use crate::octave;

/// A container call the pipeline asks for.
#[derive(Debug, Clone, PartialEq)]
pub struct Call(pub(super) ContainerCall);

impl Call {
    /// The content of one of its text files.
    #[must_use]
    pub fn text(&self, path: &str) -> Option<&str> {
        match &self.files.iter().find(|file| file.path == path)?.content {
            Source::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The content of one of its JSON files; null when there is none.
    #[must_use]
    pub fn json(&self, path: &str) -> Value {
        self.text(path).and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
    }

    /// The parameters its Octave program reads.
    #[must_use]
    pub fn params(&self) -> Value {
        self.json(octave::PARAMS)
    }
}

impl Deref for Call {
    type Target = ContainerCall;

    fn deref(&self) -> &ContainerCall {
        &self.0
    }
}

/// What a container leaves behind.
#[derive(Debug, Clone, PartialEq)]
#[must_use]
pub struct Answer {
    pub(super) ending: Ending,
    pub(super) files: Vec<(String, Vec<u8>)>,
    pub(super) stdout: String,
    pub(super) stderr: String,
}

impl Answer {
    /// It exits with code 0.
    pub const fn ok() -> Self {
        Self::ended(Ending::Exited(0))
    }

    /// It exits with this code.
    pub const fn exit(code: i32) -> Self {
        Self::ended(Ending::Exited(code))
    }

    /// It ends this way, e.g. by [`Ending::OutOfMemory`] or [`Ending::TimedOut`].
    pub const fn ended(ending: Ending) -> Self {
        Self { ending, files: Vec::new(), stdout: String::new(), stderr: String::new() }
    }

    /// It leaves a file. As with the host, only files that match the call's `keep` come back.
    pub fn file(mut self, path: &str, content: impl Into<Vec<u8>>) -> Self {
        self.files.retain(|(known, _)| known != path);
        self.files.push((path.to_owned(), content.into()));
        self
    }

    /// It leaves a JSON file.
    pub fn json(self, path: &str, value: &impl Serialize) -> Self {
        let json = serde_json::to_value(value).unwrap_or_default();
        self.file(path, json.to_string())
    }

    /// It does not leave this file.
    pub fn without(mut self, path: &str) -> Self {
        self.files.retain(|(known, _)| known != path);
        self
    }

    /// It prints this.
    pub fn stdout(mut self, text: &str) -> Self {
        self.stdout.push_str(text);
        self
    }

    /// It complains of this.
    pub fn stderr(mut self, text: &str) -> Self {
        self.stderr.push_str(text);
        self
    }
}

/// The result of the call `name`.
#[must_use]
pub fn ended(name: &str, ending: Ending, outputs: Vec<Artifact>) -> ContainerResult {
    ContainerResult {
        name: name.to_owned(),
        ending,
        stdout: String::new(),
        stderr: String::new(),
        outputs,
        wall_ms: 1,
        reused: false,
    }
}
