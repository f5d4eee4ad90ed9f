//! Attachments to a container call that another process carries out.

use std::time::{Duration, Instant};

use bytes::Bytes;
use simulay_containers::{Begin, ContainerError, Exchange, ExecutionRequest};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;
use tonic::Streaming;
use tonic::transport::Channel;

use super::artifacts::Artifacts;
use super::hearing::Hearing;
use super::inbound::{Broken, Ended, Requests, next};
use super::outputs::Outputs;
use crate::parts::{DOCUMENT, DocumentError, Gathered, WINDOW, parts, written};
use crate::proto::execution_client::ExecutionClient;
use crate::proto::run_request::Message;
use crate::proto::{RunRequest, RunResponse, run_response};

/// What is told of a call over all its attachments.
pub(super) struct Job<'a> {
    pub(super) request: ExecutionRequest,
    pub(super) exchange: &'a dyn Exchange,
    pub(super) cancel: &'a CancellationToken,
    /// The whole request was sent once: the container may have been started.
    pub(super) begun: bool,
    /// When the request of the newest attachment was sent whole.
    pub(super) asked: Option<Instant>,
    /// A request before this one began, and was not answered.
    pub(super) is_repeated: bool,
    /// The exchange failed.
    pub(super) failed: Option<std::io::Error>,
}

impl<'a> Job<'a> {
    /// Nothing of it is told yet.
    pub(super) const fn new(
        request: ExecutionRequest,
        exchange: &'a dyn Exchange,
        cancel: &'a CancellationToken,
    ) -> Self {
        Self { request, exchange, cancel, begun: false, asked: None, is_repeated: false, failed: None }
    }

    /// True when nobody can have started its container.
    pub(super) fn is_unbegun(&self) -> bool {
        !self.begun && self.request.begin == Begin::Start
    }

    /// How long the other side had the request of the newest attachment. It does so only when it is there.
    pub(super) fn attended(&self) -> Duration {
        self.asked.map(|asked| asked.elapsed()).unwrap_or_default()
    }

    /// Attaches to the call once, and hears it to its end; `patience` is for the other side to say that it is
    /// there.
    pub(super) async fn attach(
        &mut self,
        client: ExecutionClient<Channel>,
        patience: Duration,
    ) -> Result<Ended, Broken> {
        self.asked = None;
        let (sender, messages) = mpsc::channel(WINDOW);
        let welcome = tokio::time::timeout(patience, welcomed(client, messages));
        let mut inbound = tokio::select! {
            () = self.cancel.cancelled(), if !self.begun => return Ok(Err(ContainerError::Cancelled)),
            welcome = welcome => welcome.map_err(|_| Broken::lost("it did not answer in time"))??,
        };
        let document = match written(&self.request) {
            Ok(document) => document,
            Err(error) => return Ok(Err(too_large(&error))),
        };
        let requests = Requests(sender);
        tokio::select! {
            biased;
            () = self.ask(document, &requests) => {}
            early = next(&mut inbound) => {
                return Err(early.err().unwrap_or_else(|| Broken::nonsense("an answer before a request")));
            }
        }
        self.asked = Some(Instant::now());
        self.hear(inbound, &requests).await
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

    async fn hear(&mut self, inbound: Streaming<RunResponse>, requests: &Requests) -> Result<Ended, Broken> {
        let (artifacts, ordered) = Artifacts::new(self.exchange, requests.clone());
        let hearing = Hearing {
            inbound,
            requests,
            artifacts: &artifacts,
            outputs: Outputs::new(self.exchange),
            cancel: self.cancel,
            failed: &mut self.failed,
            ended: Gathered::within(DOCUMENT),
        };
        tokio::select! {
            ended = hearing.hear_out() => ended,
            never = artifacts.give(ordered) => match never {},
        }
    }

    /// Sends the request. Until its last part is on its way, nobody can have begun.
    async fn ask(&mut self, document: Bytes, requests: &Requests) {
        for part in parts(document) {
            self.begun |= part.last;
            requests.send(Message::Request(part)).await;
        }
    }
}

fn too_large(error: &DocumentError) -> ContainerError {
    ContainerError::SpecDenied { field: "files".to_owned(), rule: format!("the call as it travels: {error}") }
}

/// What the other side says, once it has said that it is there.
async fn welcomed(
    mut client: ExecutionClient<Channel>,
    messages: mpsc::Receiver<RunRequest>,
) -> Result<Streaming<RunResponse>, Broken> {
    let mut inbound = client.run(ReceiverStream::new(messages)).await?.into_inner();
    match next(&mut inbound).await? {
        run_response::Message::Ready(_) => Ok(inbound),
        _ => Err(Broken::nonsense("no welcome")),
    }
}
