//! The exchange of a call whose files are kept by another process.

use std::collections::HashMap;
use std::future::pending;
use std::io;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream::{BoxStream, StreamExt as _, unfold};
use parking_lot::{Mutex, MutexGuard};
use simulay_containers::{Exchange, OutputSink, Stream};
use simulay_model::{Digest, RelativePath};
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot};
use tonic::Status;

use super::outbound::Outbound;
use crate::parts::{WINDOW, pieces};
use crate::proto::run_response::Message;
use crate::proto::{
    ArtifactClose, ArtifactMore, ArtifactOpen, ArtifactOpened, Failure, NumberedFailure, NumberedPart,
    OutputBegin, OutputDrop, OutputKept, Part, StreamPart, stream_part,
};

/// What was asked of the other side, and has not been answered.
#[derive(Default)]
pub(super) struct Answers(Mutex<Asked>);

#[derive(Default)]
struct Asked {
    /// The newest number.
    newest: u32,
    artifacts: HashMap<u32, Arriving>,
    outputs: HashMap<u32, oneshot::Sender<()>>,
    /// Why nothing is taken any more.
    failure: Option<Failure>,
}

/// An artifact on its way here.
struct Arriving {
    opened: Option<oneshot::Sender<io::Result<u64>>>,
    parts: mpsc::Sender<io::Result<Part>>,
}

impl Asked {
    const fn number(&mut self) -> u32 {
        self.newest = self.newest.wrapping_add(1);
        self.newest
    }
}

impl Answers {
    fn asked(&self) -> MutexGuard<'_, Asked> {
        self.0.lock()
    }

    fn check(&self) -> io::Result<()> {
        self.asked().failure.clone().map_or(Ok(()), |failure| Err(failure.into()))
    }

    pub(super) fn opened(&self, answer: &ArtifactOpened) {
        let mut asked = self.asked();
        let opened = asked.artifacts.get_mut(&answer.id).and_then(|arriving| arriving.opened.take());
        // Nobody waits for what was closed meanwhile.
        let _ = opened.map(|opened| opened.send(Ok(answer.size)));
    }

    pub(super) fn part(&self, NumberedPart { id, part }: NumberedPart) -> Result<(), Status> {
        let part = part.ok_or_else(|| Status::invalid_argument("an artifact without a part"))?;
        let sent = self.asked().artifacts.get(&id).map(|arriving| arriving.parts.try_send(Ok(part)));
        match sent {
            Some(Err(mpsc::error::TrySendError::Full(_))) => {
                Err(Status::invalid_argument("more of an artifact than was asked for"))
            }
            _ => Ok(()),
        }
    }

    pub(super) fn unreadable(&self, NumberedFailure { id, failure }: NumberedFailure) {
        let error = || io::Error::from(failure.clone().unwrap_or_default());
        if let Some(arriving) = self.asked().artifacts.remove(&id) {
            match arriving.opened {
                Some(opened) => drop(opened.send(Err(error()))),
                None => drop(arriving.parts.try_send(Err(error()))),
            }
        }
    }

    pub(super) fn kept(&self, OutputKept { id }: &OutputKept) {
        let _ = self.asked().outputs.remove(id).map(|waiting| waiting.send(()));
    }

    /// The other side takes nothing any more.
    pub(super) fn fail(&self, failure: Failure) {
        let mut asked = self.asked();
        asked.failure.get_or_insert(failure);
        asked.outputs.clear();
    }
}

/// Keeps files and streams in the process that asked for the call.
pub(super) struct RemoteExchange {
    outbound: Outbound,
    answers: Arc<Answers>,
}

impl RemoteExchange {
    pub(super) const fn new(outbound: Outbound, answers: Arc<Answers>) -> Self {
        Self { outbound, answers }
    }
}

#[async_trait]
impl Exchange for RemoteExchange {
    async fn open(&self, digest: Digest) -> io::Result<(u64, BoxStream<'static, io::Result<Bytes>>)> {
        self.answers.check()?;
        let ((opened, told), (sender, parts)) = (oneshot::channel(), mpsc::channel(WINDOW + 1));
        let id = {
            let mut asked = self.answers.asked();
            let id = asked.number();
            asked.artifacts.insert(id, Arriving { opened: Some(opened), parts: sender });
            id
        };
        let (outbound, answers) = (self.outbound.clone(), self.answers.clone());
        let artifact = Artifact { id, outbound, answers, parts, over: false };
        self.outbound.tell(Message::Open(ArtifactOpen { id, digest: digest.to_string() })).await;
        match told.await {
            Ok(size) => Ok((size?, unfold(artifact, Artifact::next).boxed())),
            // The call is about to be dropped.
            Err(_) => pending().await,
        }
    }

    async fn stream(&self, stream: Stream, mut offset: u64, bytes: Bytes) -> io::Result<()> {
        let stream = match stream {
            Stream::Stdout => stream_part::Stream::Stdout,
            Stream::Stderr => stream_part::Stream::Stderr,
        };
        for bytes in pieces(bytes) {
            self.answers.check()?;
            let length = bytes.len() as u64;
            self.outbound.tell(Message::Stream(StreamPart { stream: stream.into(), offset, bytes })).await;
            offset += length;
        }
        Ok(())
    }

    async fn output(&self, path: RelativePath, size: u64) -> io::Result<Box<dyn OutputSink>> {
        self.answers.check()?;
        let id = self.answers.asked().number();
        self.outbound.tell(Message::Output(OutputBegin { id, path: path.to_string(), size })).await;
        let (outbound, answers) = (self.outbound.clone(), self.answers.clone());
        Ok(Box::new(Output { id, outbound, answers, finished: false }))
    }
}

/// The bytes of an artifact.
struct Artifact {
    id: u32,
    outbound: Outbound,
    answers: Arc<Answers>,
    parts: mpsc::Receiver<io::Result<Part>>,
    over: bool,
}

impl Artifact {
    async fn next(mut self) -> Option<(io::Result<Bytes>, Self)> {
        while !self.over {
            let Some(part) = self.parts.recv().await else { return pending().await };
            self.over = part.as_ref().map_or(true, |part| part.last);
            if !self.over {
                self.outbound.tell(Message::More(ArtifactMore { id: self.id })).await;
            }
            match part {
                Ok(part) if part.bytes.is_empty() => {}
                part => return Some((part.map(|part| part.bytes), self)),
            }
        }
        None
    }
}

impl Drop for Artifact {
    fn drop(&mut self) {
        self.answers.asked().artifacts.remove(&self.id);
        if !self.over {
            self.outbound.tell_later(Message::Close(ArtifactClose { id: self.id }));
        }
    }
}

/// An output on its way to whoever keeps it.
struct Output {
    id: u32,
    outbound: Outbound,
    answers: Arc<Answers>,
    finished: bool,
}

impl Output {
    async fn tell(&self, bytes: Bytes, last: bool) -> io::Result<()> {
        self.answers.check()?;
        let part = Some(Part { bytes, last });
        self.outbound.tell(Message::OutputPart(NumberedPart { id: self.id, part })).await;
        Ok(())
    }
}

#[async_trait]
impl OutputSink for Output {
    async fn write(&mut self, bytes: Bytes) -> io::Result<()> {
        for piece in pieces(bytes) {
            self.tell(piece, false).await?;
        }
        Ok(())
    }

    async fn finish(mut self: Box<Self>) -> io::Result<()> {
        let (sender, kept) = oneshot::channel();
        self.answers.asked().outputs.insert(self.id, sender);
        self.tell(Bytes::new(), true).await?;
        self.finished = true;
        if kept.await.is_ok() {
            return Ok(());
        }
        self.answers.check()?;
        // The call is about to be dropped.
        pending().await
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        self.answers.asked().outputs.remove(&self.id);
        if !self.finished {
            self.outbound.tell_later(Message::OutputDrop(OutputDrop { id: self.id }));
        }
    }
}
