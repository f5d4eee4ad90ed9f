//! What the sandbox of a call from elsewhere asks back for.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;

use async_trait::async_trait;
use parking_lot::Mutex;
use simulay_model::Digest;
use simulay_sandbox::{Code, ReadArtifacts};
use tokio::sync::{mpsc, oneshot};
use tonic::Status;

use crate::parts::Gathered;
use crate::proto::call_response::Message;
use crate::proto::{CallResponse, LoadCode, NumberedFailure, NumberedPart, ReadArtifact};

type Answer = io::Result<Vec<u8>>;

/// Asks whoever called.
#[derive(Clone)]
pub(super) struct Callbacks {
    sender: mpsc::Sender<Result<CallResponse, Status>>,
    /// Bytes of a component, at most.
    most: usize,
    asked: Arc<Mutex<Asked>>,
}

#[derive(Default)]
struct Asked {
    /// Nobody answers any more.
    closed: bool,
    newest: u32,
    open: HashMap<u32, Open>,
}

/// Something that was asked for.
struct Open {
    gathered: Gathered,
    answer: oneshot::Sender<Answer>,
}

impl Callbacks {
    /// Takes components of `most` bytes.
    pub(super) fn new(sender: mpsc::Sender<Result<CallResponse, Status>>, most: usize) -> Self {
        Self { sender, most, asked: Arc::default() }
    }

    /// A part of what was asked for.
    pub(super) fn part(&self, NumberedPart { id, part }: NumberedPart) -> Result<(), Status> {
        let mut asked = self.asked.lock();
        let (Some(open), Some(part)) = (asked.open.get_mut(&id), part) else {
            return Err(Status::invalid_argument("an answer to nothing"));
        };
        let whole = open.gathered.take(&part);
        let whole = whole.map_err(|error| Status::invalid_argument(format!("`answer`: {error}")))?;
        if let (Some(bytes), Some(open)) = (whole, asked.open.remove(&id)) {
            // Nobody waits for it once the call is over.
            let _ = open.answer.send(Ok(bytes));
        }
        Ok(())
    }

    /// What was asked for cannot be had.
    pub(super) fn unreadable(&self, NumberedFailure { id, failure }: NumberedFailure) {
        if let Some(open) = self.asked.lock().open.remove(&id) {
            let _ = open.answer.send(Err(failure.unwrap_or_default().into()));
        }
    }

    /// Nobody answers any more, once what this gives is dropped: what waits for an answer then has none.
    pub(super) fn answering(&self) -> Answering {
        Answering(self.asked.clone())
    }

    fn ask(&self, most: usize) -> io::Result<(u32, oneshot::Receiver<Answer>)> {
        let (answer, answered) = oneshot::channel();
        let mut asked = self.asked.lock();
        if asked.closed {
            return Err(gone(()));
        }
        asked.newest = asked.newest.wrapping_add(1);
        let id = asked.newest;
        asked.open.insert(id, Open { gathered: Gathered::within(most), answer });
        Ok((id, answered))
    }
}

/// The time in which answers come.
pub(super) struct Answering(Arc<Mutex<Asked>>);

impl Drop for Answering {
    fn drop(&mut self) {
        let mut asked = self.0.lock();
        asked.closed = true;
        asked.open.clear();
    }
}

fn gone<E>(_: E) -> io::Error {
    io::Error::new(io::ErrorKind::BrokenPipe, "whoever called is gone")
}

const fn response(message: Message) -> Result<CallResponse, Status> {
    Ok(CallResponse { message: Some(message) })
}

#[async_trait]
impl Code for Callbacks {
    async fn load(&self, plugin: Digest) -> io::Result<Arc<[u8]>> {
        let (id, answered) = self.ask(self.most)?;
        self.sender.send(response(Message::Load(LoadCode { id }))).await.map_err(gone)?;
        let component = answered.await.map_err(gone)??;
        if Digest::of(&component) != plugin {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "it is not the plugin that was asked for",
            ));
        }
        Ok(component.into())
    }
}

impl ReadArtifacts for Callbacks {
    fn read(&self, artifact: Digest, offset: u64, length: u64) -> io::Result<Vec<u8>> {
        let (id, answered) = self.ask(usize::try_from(length).unwrap_or(usize::MAX))?;
        let read = ReadArtifact { id, digest: artifact.to_string(), offset, length };
        self.sender.blocking_send(response(Message::Read(read))).map_err(gone)?;
        answered.blocking_recv().map_err(gone)?
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn nobody_waits_for_an_answer_once_none_can_come() {
        let (sender, mut asked) = mpsc::channel(1);
        let callbacks = Callbacks::new(sender, 1);
        let answering = callbacks.answering();
        let read = || {
            let callbacks = callbacks.clone();
            tokio::task::spawn_blocking(move || callbacks.read(Digest::of(b"artifact"), 0, 1))
        };
        let reading = read();
        asked.recv().await.unwrap().unwrap();
        drop(answering);
        for read in [reading, read()] {
            assert_eq!(read.await.unwrap().unwrap_err().kind(), io::ErrorKind::BrokenPipe);
        }
    }
}
