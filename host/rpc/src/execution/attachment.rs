//! One attachment to a container call that another process carries out.

use std::time::Duration;

use simulay_containers::{Completed, ContainerError, Exchange, ExecutionRequest};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;
use tonic::transport::Channel;
use tonic::{Code, Status, Streaming};

use super::artifacts::Artifacts;
use super::outputs::{NotKept, Outputs};
use crate::parts::{DOCUMENT, Gathered, WINDOW, parts, written};
use crate::proto::execution_client::ExecutionClient;
use crate::proto::run_request::Message;
use crate::proto::{Cancel, Failure, OutputKept, RunRequest, RunResponse, run_response};
use crate::words::told;

/// What came of a call, as far as whoever carries it out tells.
pub(super) type Ended = Result<Completed, ContainerError>;

/// An attachment that told no end.
#[derive(Debug)]
pub(super) struct Broken {
    /// Why, in words.
    pub(super) reason: String,
    /// Another attachment would break likewise.
    pub(super) is_final: bool,
}

impl Broken {
    /// The other side says what makes no sense.
    pub(super) fn nonsense(what: &str) -> Self {
        Self { reason: format!("it makes no sense: {what}"), is_final: true }
    }

    /// The other side is gone.
    pub(super) fn lost(reason: &str) -> Self {
        Self { reason: reason.to_owned(), is_final: false }
    }
}

impl From<Status> for Broken {
    fn from(status: Status) -> Self {
        let is_final = matches!(
            status.code(),
            Code::PermissionDenied
                | Code::Unauthenticated
                | Code::Unimplemented
                | Code::InvalidArgument
                | Code::OutOfRange
        );
        Self { reason: told(&status), is_final }
    }
}

/// The way to the other side.
#[derive(Clone)]
pub(super) struct Requests(mpsc::Sender<RunRequest>);

impl Requests {
    /// Says `message`. When nobody hears it, who hears the other side learns why.
    pub(super) async fn send(&self, message: Message) {
        drop(self.0.send(RunRequest { message: Some(message) }).await);
    }
}

/// What is told of a call over all its attachments.
pub(super) struct Job<'a> {
    pub(super) request: ExecutionRequest,
    pub(super) exchange: &'a dyn Exchange,
    pub(super) cancel: &'a CancellationToken,
    /// The whole request was sent once: the container may have been started.
    pub(super) begun: bool,
    /// A request before this one began, and was not answered.
    pub(super) is_repeated: bool,
    /// The exchange failed.
    pub(super) failed: Option<std::io::Error>,
}

impl Job<'_> {
    /// Attaches to the call once, and hears it to its end; `patience` is for the other side to say that it is
    /// there.
    pub(super) async fn attach(
        &mut self,
        mut client: ExecutionClient<Channel>,
        patience: Duration,
    ) -> Result<Ended, Broken> {
        let (sender, messages) = mpsc::channel(WINDOW);
        let requests = Requests(sender);
        let welcome = async {
            let mut inbound = client.run(ReceiverStream::new(messages)).await?.into_inner();
            match next(&mut inbound).await? {
                run_response::Message::Ready(_) => Ok(inbound),
                _ => Err(Broken::nonsense("no welcome")),
            }
        };
        let inbound = tokio::select! {
            () = self.cancel.cancelled(), if !self.begun => return Ok(Err(ContainerError::Cancelled)),
            welcomed = tokio::time::timeout(patience, welcome) => {
                welcomed.map_err(|_| Broken::lost("it did not answer in time"))??
            }
        };
        let (artifacts, ordered) = Artifacts::new(self.exchange, requests.clone());
        tokio::select! {
            ended = self.converse(inbound, &requests, &artifacts) => ended,
            never = artifacts.give(ordered) => match never {},
        }
    }

    /// What came of it. That nothing was started is true of the request that was answered; of one before, whose
    /// answer was lost, nobody knows: another node must not start it as the same attempt.
    pub(super) fn known(&self, ended: Ended) -> Ended {
        match ended {
            Err(ContainerError::NoRoom(_) | ContainerError::ImageUnavailable { .. }) if self.is_repeated => {
                Err(ContainerError::Lost("it is not there after its connection was lost".to_owned()))
            }
            ended => ended,
        }
    }

    async fn converse(
        &mut self,
        mut inbound: Streaming<RunResponse>,
        requests: &Requests,
        artifacts: &Artifacts<'_>,
    ) -> Result<Ended, Broken> {
        tokio::select! {
            biased;
            asked = self.ask(requests) => asked?,
            early = next(&mut inbound) => {
                return Err(early.err().unwrap_or_else(|| Broken::nonsense("an answer before a request")));
            }
        }
        let outputs = Outputs::new(self.exchange);
        let mut hearing = Hearing { requests, artifacts, outputs, ended: Gathered::within(DOCUMENT) };
        let mut cancelled = false;
        loop {
            let message = tokio::select! {
                biased;
                () = self.cancel.cancelled(), if !cancelled => {
                    cancelled = true;
                    requests.send(Message::Cancel(Cancel {})).await;
                    continue;
                }
                message = next(&mut inbound) => message?,
            };
            match hearing.take(message, self.failed.is_some()).await {
                Ok(None) => {}
                Ok(Some(ended)) => return Ok(ended),
                Err(NotKept::Broken(broken)) => return Err(broken),
                Err(NotKept::Failed(error)) => {
                    requests.send(Message::Failed(Failure::from(&error))).await;
                    self.failed = Some(error);
                }
            }
        }
    }

    /// Sends the request. Until its last part is on its way, nobody can have begun.
    async fn ask(&mut self, requests: &Requests) -> Result<(), Broken> {
        let document = written(&self.request);
        let document = document.map_err(|error| Broken::nonsense(&format!("the request: {error}")))?;
        for part in parts(document) {
            self.begun |= part.last;
            requests.send(Message::Request(part)).await;
        }
        Ok(())
    }
}

async fn next(inbound: &mut Streaming<RunResponse>) -> Result<run_response::Message, Broken> {
    let message = inbound.message().await?.ok_or_else(|| Broken::lost("it broke off"))?;
    message.message.ok_or_else(|| Broken::nonsense("an unknown message"))
}

/// What is heard of one attachment.
struct Hearing<'a> {
    requests: &'a Requests,
    artifacts: &'a Artifacts<'a>,
    outputs: Outputs<'a>,
    ended: Gathered,
}

impl Hearing<'_> {
    /// Takes the next message; of one that `only_ends`, nothing is kept any more.
    async fn take(
        &mut self,
        message: run_response::Message,
        only_ends: bool,
    ) -> Result<Option<Ended>, NotKept> {
        match message {
            run_response::Message::Ended(part) => {
                let ended = self.ended.read(&part);
                return Ok(ended.map_err(|error| Broken::nonsense(&format!("the end: {error}")))?);
            }
            _ if only_ends => {}
            run_response::Message::Ready(_) => return Err(Broken::nonsense("a second welcome").into()),
            run_response::Message::Open(open) => self.artifacts.open(&open)?,
            run_response::Message::More(more) => self.artifacts.more(more.id),
            run_response::Message::Close(close) => self.artifacts.close(close.id),
            run_response::Message::Stream(part) => self.outputs.stream(part).await?,
            run_response::Message::Output(output) => self.outputs.begin(output).await?,
            run_response::Message::OutputDrop(output) => self.outputs.discard(output.id),
            run_response::Message::OutputPart(part) => {
                let id = part.id;
                if self.outputs.part(part).await? {
                    self.requests.send(Message::Kept(OutputKept { id })).await;
                }
            }
        }
        Ok(None)
    }
}
