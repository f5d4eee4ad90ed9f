//! What a scripted container does.

use std::sync::Arc;

use bytes::Bytes;
use simulay_model::{Ending, Omission};

use crate::{ContainerError, Omitted, Stream};

/// What a container does.
#[derive(Clone)]
pub struct Act {
    pub(super) end: End,
    pub(super) streams: Vec<(Stream, Bytes)>,
    pub(super) outputs: Vec<(String, Bytes)>,
    pub(super) omitted: Omitted,
    pub(super) wall_ms: u64,
    pub(super) cpu_ms: Option<u64>,
    pub(super) held: bool,
}

#[derive(Clone)]
pub(super) enum End {
    With(Ending),
    Error(Arc<dyn Fn() -> ContainerError + Send + Sync>),
}

impl Act {
    /// The command exits with `code`.
    #[must_use]
    pub fn exits(code: i32) -> Self {
        Self::ends(Ending::Exited(code))
    }

    /// The command ends so.
    #[must_use]
    pub fn ends(ending: Ending) -> Self {
        Self::new(End::With(ending))
    }

    /// The container breaks; `error` makes the error each time.
    #[must_use]
    pub fn breaks(error: impl Fn() -> ContainerError + Send + Sync + 'static) -> Self {
        Self::new(End::Error(Arc::new(error)))
    }

    const fn new(end: End) -> Self {
        let omitted = Omitted { files: Vec::new(), more_files: 0, stdout: 0, stderr: 0 };
        Self { end, streams: Vec::new(), outputs: Vec::new(), omitted, wall_ms: 1, cpu_ms: None, held: false }
    }

    /// Prints before it ends.
    #[must_use]
    pub fn stdout(mut self, text: impl Into<Bytes>) -> Self {
        self.streams.push((Stream::Stdout, text.into()));
        self
    }

    /// Complains before it ends.
    #[must_use]
    pub fn stderr(mut self, text: impl Into<Bytes>) -> Self {
        self.streams.push((Stream::Stderr, text.into()));
        self
    }

    /// Leaves a file.
    #[must_use]
    pub fn output(mut self, path: impl Into<String>, bytes: impl Into<Bytes>) -> Self {
        self.outputs.push((path.into(), bytes.into()));
        self
    }

    /// Leaves a file that cannot be kept.
    #[must_use]
    pub fn leaves_out(mut self, path: impl Into<String>, reason: impl Into<String>) -> Self {
        self.omitted.files.push(Omission { path: path.into(), reason: reason.into() });
        self
    }

    /// Takes this long by its own account.
    #[must_use]
    pub const fn wall_ms(mut self, wall_ms: u64) -> Self {
        self.wall_ms = wall_ms;
        self
    }

    /// Uses so much of a processor.
    #[must_use]
    pub const fn cpu_ms(mut self, cpu_ms: u64) -> Self {
        self.cpu_ms = Some(cpu_ms);
        self
    }

    /// Does not end before [`super::Scripted::release`].
    #[must_use]
    pub const fn held(mut self) -> Self {
        self.held = true;
        self
    }
}
