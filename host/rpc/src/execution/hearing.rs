//! Hears one attachment to its end.

use tokio_util::sync::CancellationToken;
use tonic::Streaming;

use super::artifacts::Artifacts;
use super::inbound::{Broken, Ended, Requests, next};
use super::outputs::{NotKept, Outputs};
use crate::parts::Gathered;
use crate::proto::run_request::Message;
use crate::proto::{Cancel, Failure, OutputKept, RunResponse, run_response};

/// What is heard of one attachment.
pub(super) struct Hearing<'a> {
    pub(super) inbound: Streaming<RunResponse>,
    pub(super) requests: &'a Requests,
    pub(super) artifacts: &'a Artifacts<'a>,
    pub(super) outputs: Outputs<'a>,
    pub(super) cancel: &'a CancellationToken,
    /// The exchange failed: only the end is waited for.
    pub(super) failed: &'a mut Option<std::io::Error>,
    pub(super) ended: Gathered,
}

impl Hearing<'_> {
    /// Hears all that is said, and asks for an end once the call is cancelled.
    pub(super) async fn to_end(mut self) -> Result<Ended, Broken> {
        let mut cancelled = false;
        loop {
            // What is being kept is not dropped half-way: the call may have ended well meanwhile.
            let message = tokio::select! {
                biased;
                () = self.cancel.cancelled(), if !cancelled => None,
                message = next(&mut self.inbound) => Some(message?),
            };
            let Some(message) = message else {
                cancelled = true;
                self.requests.send(Message::Cancel(Cancel {})).await;
                continue;
            };
            if let Some(ended) = self.hear(message).await? {
                return Ok(ended);
            }
        }
    }

    async fn hear(&mut self, message: run_response::Message) -> Result<Option<Ended>, Broken> {
        match self.take(message).await {
            Ok(ended) => Ok(ended),
            Err(NotKept::Broken(broken)) => Err(broken),
            Err(NotKept::Failed(error)) => {
                self.requests.send(Message::Failed(Failure::from(&error))).await;
                *self.failed = Some(error);
                Ok(None)
            }
        }
    }

    async fn take(&mut self, message: run_response::Message) -> Result<Option<Ended>, NotKept> {
        match message {
            run_response::Message::Ended(part) => {
                let ended = self.ended.read(&part);
                return Ok(ended.map_err(|error| Broken::nonsense(&format!("the end: {error}")))?);
            }
            _ if self.failed.is_some() => {}
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
