//! A container call as a test sees it, and how the test answers it.

use std::ops::Deref;

use serde::Serialize;
use serde_json::Value;

use crate::contract::{Artifact, ContainerCall, ContainerResult, Ending, Omission, Source};
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
    /// Without a name and outputs.
    pub(super) result: ContainerResult,
    pub(super) files: Vec<(String, Vec<u8>)>,
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
        Self { result: nothing_but(ending), files: Vec::new() }
    }

    /// It leaves a file. As with the host, only files the call asks for come back.
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

    /// It leaves a file that the host cannot keep, and says why.
    pub fn left_out(mut self, path: &str, reason: &str) -> Self {
        self.result.left_out.push(Omission { path: path.to_owned(), reason: reason.to_owned() });
        self
    }

    /// It leaves so many further files that the host cannot keep and does not list.
    pub const fn left_out_more(mut self, files: u64) -> Self {
        self.result.left_out_more = files;
        self
    }

    /// It prints this.
    pub fn stdout(mut self, text: &str) -> Self {
        self.result.stdout.push_str(text);
        self
    }

    /// It complains of this.
    pub fn stderr(mut self, text: &str) -> Self {
        self.result.stderr.push_str(text);
        self
    }

    /// So many bytes in the middle of what it prints and complains of are not kept.
    pub const fn omitted(mut self, stdout: u64, stderr: u64) -> Self {
        self.result.stdout_omitted = stdout;
        self.result.stderr_omitted = stderr;
        self
    }

    /// It takes this processor time and memory.
    pub const fn used(mut self, cpu_ms: u64, peak_memory_bytes: u64) -> Self {
        self.result.cpu_ms = Some(cpu_ms);
        self.result.peak_memory_bytes = Some(peak_memory_bytes);
        self
    }
}

/// The result of the call `name`.
#[must_use]
pub fn ended(name: &str, ending: Ending, outputs: Vec<Artifact>) -> ContainerResult {
    ContainerResult { name: name.to_owned(), outputs, ..nothing_but(ending) }
}

const fn nothing_but(ending: Ending) -> ContainerResult {
    ContainerResult {
        name: String::new(),
        ending,
        stdout: String::new(),
        stderr: String::new(),
        stdout_omitted: 0,
        stderr_omitted: 0,
        outputs: Vec::new(),
        left_out: Vec::new(),
        left_out_more: 0,
        wall_ms: 1,
        cpu_ms: None,
        peak_memory_bytes: None,
        reused: false,
    }
}
