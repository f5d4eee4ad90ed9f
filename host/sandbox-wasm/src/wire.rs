//! What a host and its workers say to each other: MessagePack over a socket of their own, one message
//! after the other. What a worker says is hostile: every message is read up to a bound.

use std::io::{self, BufReader, Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use rmp_serde::config::BytesMode;
use rmp_serde::{Deserializer, Serializer};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;
use simulay_model::{Digest, Manifest};
use simulay_sandbox::{Answered, Call, CallError, InspectError, SandboxSettings};

use crate::check::Checked;
use crate::confine::{Restriction, Role};

/// The host is trusted: its longest message is a component.
pub(crate) const LONGEST_QUESTION: u64 = 1 << 30;

/// The first message to a worker.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Setup {
    pub(crate) role: Role,
    pub(crate) settings: SandboxSettings,
}

/// The first message of a worker, when it is confined.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Hello {
    /// Whose code it can load: the version and settings of its compiler.
    pub(crate) compiler: Digest,
    /// How it is confined.
    pub(crate) restrictions: Vec<Restriction>,
}

/// What the host asks, or answers to a [`Reply::Read`].
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Question {
    /// Check and compile this component.
    Compile(ByteBuf),
    /// Keep this compiled plugin; its code comes over the second socket. There is no reply.
    Load(Digest),
    /// Ask a loaded plugin to describe itself.
    Describe(Digest),
    /// Call a loaded plugin.
    Call(Digest, Call),
    /// A part of an artifact.
    Part(ByteBuf),
    /// There is no such artifact.
    NoArtifact,
    /// The artifact cannot be read: why.
    ReadFault(String),
}

/// What a worker answers, or asks while it works.
#[expect(clippy::large_enum_variant, reason = "one at a time, never in bulk")]
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Reply {
    /// To [`Question::Compile`]: what was found, and the code.
    Compiled(Result<(Checked, ByteBuf), InspectError>),
    /// To [`Question::Describe`].
    Described(Result<Manifest, InspectError>),
    /// To [`Question::Call`].
    Called(Result<Answered, CallError>),
    /// Wants a part of an artifact.
    Read { artifact: Digest, offset: u64, length: u64 },
}

/// One end of the conversation.
pub(crate) struct Channel {
    reader: BufReader<UnixStream>,
    writer: UnixStream,
}

impl Channel {
    /// The end that is `socket`.
    pub(crate) fn new(socket: OwnedFd) -> io::Result<Self> {
        let writer = UnixStream::from(socket);
        Ok(Self { reader: BufReader::new(writer.try_clone()?), writer })
    }

    /// How long the next message may be awaited; for ever without `patience`.
    pub(crate) fn set_patience(&self, patience: Option<Duration>) -> io::Result<()> {
        self.writer.set_read_timeout(patience)
    }

    /// Sends a message.
    pub(crate) fn send(&mut self, message: &impl Serialize) -> io::Result<()> {
        let mut bytes = Vec::new();
        let serializer = Serializer::new(&mut bytes).with_struct_map();
        message.serialize(&mut serializer.with_bytes(BytesMode::ForceAll)).map_err(io::Error::other)?;
        self.writer.write_all(&bytes)
    }

    /// The next message; an error when there is none, or when it has more than `limit` bytes or makes no sense.
    pub(crate) fn receive<T: DeserializeOwned>(&mut self, limit: u64) -> io::Result<T> {
        let bounded = (&mut self.reader).take(limit);
        T::deserialize(&mut Deserializer::new(bounded)).map_err(io::Error::other)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;
    use simulay_model::{Artifact, ContainerCall, Document, Request, Source};

    use super::*;

    fn pair() -> (Channel, Channel) {
        let (host, worker) = UnixStream::pair().unwrap();
        (Channel::new(host.into()).unwrap(), Channel::new(worker.into()).unwrap())
    }

    fn passes<T>(message: &T)
    where
        T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug,
    {
        let (mut host, mut worker) = pair();
        host.send(message).unwrap();
        assert_eq!(&worker.receive::<T>(1 << 20).unwrap(), message);
    }

    #[test]
    fn messages_pass_unchanged() {
        let params = json!({ "b": { "": true }, "a": [1, -2, 0.5, 1.0, null, "ü", u64::MAX, i64::MIN] });
        let params = Document::from(params);
        passes(&Call::PreProcess(Request { params, inputs: Vec::new(), seed: u64::MAX }));
        let bytes = Source::Bytes(b"\0\xff".to_vec());
        passes(&BTreeMap::from([("x".to_owned(), bytes)]));
        passes::<Vec<ContainerCall>>(&Vec::new());
        passes::<Vec<Artifact>>(&Vec::new());
        passes(&Answered::from(Err(simulay_model::Failure::Simulation("no".into()))));
        passes(&InspectError::UnknownImport(vec!["a".into()]));
    }

    #[test]
    fn bytes_take_no_more_than_they_are() {
        let (mut host, mut worker) = pair();
        host.send(&Source::Bytes(vec![255; 1000])).unwrap();
        assert_eq!(worker.receive::<Source>(1020).unwrap(), Source::Bytes(vec![255; 1000]));
    }

    #[test]
    fn a_worker_that_sends_no_document_is_not_believed() {
        let (mut host, mut worker) = pair();
        worker.send(&"{\"a\":").unwrap();
        assert!(host.receive::<Document>(100).is_err());
    }

    #[test]
    fn a_message_over_the_bound_is_refused() {
        let (mut host, mut worker) = pair();
        host.send(&"x".repeat(101)).unwrap();
        assert!(worker.receive::<String>(100).is_err());
    }

    #[test]
    fn nonsense_and_silence_are_errors() {
        let (mut host, mut worker) = pair();
        host.writer.write_all(&[0xc1; 8]).unwrap();
        assert!(worker.receive::<Reply>(100).is_err());
        drop(worker);
        assert!(host.receive::<Reply>(100).is_err());
    }
}
