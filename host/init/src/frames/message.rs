//! The messages.

use serde::{Deserialize, Serialize};

use super::content::{Content, Message};

/// What the host sends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Order {
    /// A host is here; `session` is echoed, so that it knows which answers are for it.
    Hello {
        /// Any number, new for each attachment.
        session: u64,
    },
    /// A job begins; files follow. Drops a job that was begun and not run.
    Begin(JobSpec),
    /// A file of `size` bytes follows in [`Order::Data`].
    File {
        /// Relative, `/`-separated.
        path: String,
        /// Bytes to come.
        size: u64,
    },
    /// The next bytes of the file.
    Data(Content),
    /// All files are there: run the command.
    Run,
    /// End the command: TERM, then KILL after the grace time. What is there is still handed back.
    Terminate,
    /// Everything handed back is safe: the job is nobody's any more, and init exits soon.
    Ack,
    /// Start a command that is likely to be asked for, as far as it gets without a job. Said before there is one;
    /// answered by [`Report::Booted`] or [`Report::NotBooted`], unless there is a job first.
    Boot(BootSpec),
    /// Start a command that is to have a child for each of many jobs, in a container in which they follow each other.
    /// Answered as [`Order::Boot`].
    Fork(BootSpec),
    /// Everything handed back is safe: make the container as it was before the job. Answered as a greeting is, once
    /// that is so; an init that cannot exits.
    Reset,
}

impl Message for Order {
    fn content(&self) -> Option<&Content> {
        if let Self::Data(content) = self { Some(content) } else { None }
    }

    fn content_mut(&mut self) -> Option<&mut Content> {
        if let Self::Data(content) = self { Some(content) } else { None }
    }
}

/// A command that is started ahead of its job. It stops where it would begin to work, as its image promises with
/// the label `org.simulay.boot`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct BootSpec {
    /// Argument vector, not empty.
    pub command: Vec<String>,
    /// The whole environment, but for variables that begin with [`super::JOB_PREFIX`], which the job brings.
    pub env: Vec<(String, String)>,
}

/// A job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobSpec {
    /// Of which attempt it is, as the host says; told to every host that asks later.
    pub attempt: String,
    /// Argument vector, not empty.
    pub command: Vec<String>,
    /// The whole environment of the command.
    pub env: Vec<(String, String)>,
    /// Glob patterns, relative to the working directory, of the files to hand back.
    pub outputs: Vec<String>,
    /// Glob patterns of files that are not handed back although `outputs` asks for them.
    pub excludes: Vec<String>,
    /// Whether files that came with the job and were left as they were are handed back as well.
    pub keep_unchanged: bool,
    /// The most bytes of standard output that are kept, its first and its last part, and as many of
    /// standard error.
    pub max_stream_bytes: u64,
    /// Whether a command that prints more than that is ended; otherwise it goes on.
    pub end_on_stream_limit: bool,
    /// The most bytes of all outputs together.
    pub max_output_bytes: u64,
    /// The most outputs.
    pub max_outputs: u32,
    /// Wall time of the command, milliseconds.
    pub timeout_ms: u64,
    /// From TERM to KILL, milliseconds.
    pub grace_ms: u64,
    /// How long results are held for a host, milliseconds from the command's end or from the last
    /// report, so that no telling is cut off.
    pub hold_ms: u64,
}

/// What `simulay-init` sends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Report {
    /// Answer of an init that names no protocol. Keeps its place and shape, so that an image made by an
    /// older host is known for what it is.
    UnversionedWelcome {
        /// As in the greeting.
        session: u64,
        /// Where the job is.
        phase: Phase,
    },
    /// Answer to [`Order::Hello`]; what follows is for that session, from the start. Keeps its place and
    /// shape in every protocol.
    Welcome {
        /// As in the greeting.
        session: u64,
        /// Where the job is.
        phase: Phase,
        /// [`super::PROTOCOL`] of this init.
        protocol: u32,
    },
    /// The command runs.
    Started,
    /// Standard output of the command. An offset that is over the end of what came before tells of bytes
    /// in the middle that were not kept.
    Stdout {
        /// Bytes before these.
        offset: u64,
        /// At most [`super::MAX_DATA`].
        #[serde(with = "serde_bytes")]
        bytes: Vec<u8>,
    },
    /// Standard error of the command, alike.
    Stderr {
        /// Bytes before these.
        offset: u64,
        /// At most [`super::MAX_DATA`].
        #[serde(with = "serde_bytes")]
        bytes: Vec<u8>,
    },
    /// The command ended, and every process it left behind is gone.
    Exited(Exit),
    /// An output of `size` bytes follows in [`Report::Data`].
    Output {
        /// Relative, `/`-separated.
        path: String,
        /// Bytes to come.
        size: u64,
    },
    /// The next bytes of the output.
    Data(Content),
    /// The output that was begun cannot be read to its end: it is left out.
    Abandoned {
        /// Why, in words.
        reason: String,
    },
    /// A file that was asked for is not handed back.
    LeftOut {
        /// Relative; what is no UTF-8 is replaced.
        path: String,
        /// Why, in words.
        reason: String,
    },
    /// So many more were left out than were told one by one.
    LeftOutMore(u64),
    /// An order cannot be taken; the job ends here.
    Rejected(Rejection),
    /// Everything has been handed back.
    Done,
    /// Of which attempt the job is, that is at work or done. Told before anything else of it.
    Serves {
        /// As in the job.
        attempt: String,
    },
    /// The command of [`Order::Boot`] is started, and waits for the job.
    Booted,
    /// It did not get there; a job that asks for it starts it as any other.
    NotBooted,
}

impl Message for Report {
    fn content(&self) -> Option<&Content> {
        if let Self::Data(content) = self { Some(content) } else { None }
    }

    fn content_mut(&mut self) -> Option<&mut Content> {
        if let Self::Data(content) = self { Some(content) } else { None }
    }
}

/// Where a job is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Phase {
    /// No job, or one that was not run yet: send it (again).
    Idle,
    /// The command runs.
    Running,
    /// The command ended; its results are held.
    Ended,
}

/// How the command ended, as far as init can tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exit {
    /// Exit code, when it exited.
    pub code: Option<i32>,
    /// Signal, when one ended it.
    pub signal: Option<i32>,
    /// Init ended it because its time was up.
    pub timed_out: bool,
    /// Init ended it because it printed too much.
    pub stream_limit: bool,
    /// Init ended it because the host said so.
    pub terminated: bool,
    /// Init ended it because the container was stopped by somebody else, e.g. with its daemon.
    pub stopped: bool,
    /// Processes the kernel killed for want of memory, as the cgroup counts them; none when it does not.
    pub oom_kills: Option<u64>,
    /// Processes the kernel refused, as the cgroup counts them.
    pub refused_processes: u64,
    /// The working directory, `/tmp` or `/dev/shm` had no space or no file left, at any moment.
    pub scratch_full: bool,
    /// Wall time, milliseconds.
    pub wall_ms: u64,
    /// Processor time, milliseconds, as the cgroup counts it.
    pub cpu_ms: Option<u64>,
    /// The most memory in use at one moment, bytes, as the cgroup counts it.
    pub peak_memory_bytes: Option<u64>,
}

/// Why something cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Rejection {
    /// An order that makes no sense now, or a job that breaks a bound.
    Order(String),
    /// An input cannot be written: path and reason.
    Input(String, String),
    /// Writing the inputs filled the working directory.
    InputsTooLarge,
    /// The command cannot be started: reason.
    Command(String),
}
