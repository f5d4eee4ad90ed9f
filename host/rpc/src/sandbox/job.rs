//! One call or inspection, asked of one other process.

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use simulay_model::{Digest, Inspection};
use simulay_sandbox::{Answered, Call, CallError, Code, InspectError, ReadArtifacts};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Status;
use tonic::transport::Channel;

use crate::parts::{DOCUMENT, DocumentError, Gathered, WINDOW, parts};
use crate::proto::sandbox_client::SandboxClient;
use crate::proto::{
    CallRequest, Failure, InspectRequest, NumberedFailure, NumberedPart, ReadArtifact, call_request,
    call_response,
};

type Requests = mpsc::Sender<CallRequest>;

/// Has `component` inspected.
pub(super) async fn inspect(
    mut client: SandboxClient<Channel>,
    component: &Arc<[u8]>,
) -> Result<Result<Inspection, InspectError>, Status> {
    let request = |part| InspectRequest { component: Some(part) };
    let component = Bytes::from_owner(component.clone());
    let mut inbound = client.inspect(tokio_stream::iter(parts(component).map(request))).await?.into_inner();
    let mut inspected = Gathered::within(DOCUMENT);
    while let Some(message) = inbound.message().await? {
        let whole = inspected.read(&message.inspected.unwrap_or_default());
        if let Some(whole) = whole.map_err(|error| Status::data_loss(error.to_string()))? {
            return Ok(whole);
        }
    }
    Err(Status::unavailable("it broke off"))
}

/// A call, and what it may ask back for.
pub(super) struct Job<'a> {
    pub(super) plugin: Digest,
    pub(super) code: &'a dyn Code,
    /// JSON of the call.
    pub(super) call: Bytes,
    pub(super) artifacts: Arc<dyn ReadArtifacts>,
}

impl Job<'_> {
    /// Has it carried out.
    pub(super) async fn ask(
        &self,
        mut client: SandboxClient<Channel>,
    ) -> Result<Result<Answered, CallError>, Status> {
        let (requests, messages) = mpsc::channel(WINDOW);
        let mut inbound = client.call(ReceiverStream::new(messages)).await?.into_inner();
        self.begin(&requests).await;
        let mut answered = Gathered::within(DOCUMENT);
        while let Some(message) = inbound.message().await? {
            match message.message {
                Some(call_response::Message::Load(load)) => {
                    let code = self.code.load(self.plugin).await;
                    answer(&requests, load.id, code.map(Bytes::from_owner)).await;
                }
                Some(call_response::Message::Read(read)) => {
                    let id = read.id;
                    answer(&requests, id, self.read(read).await.map(Bytes::from)).await;
                }
                Some(call_response::Message::Answered(part)) => {
                    let whole = answered.read(&part);
                    if let Some(whole) = whole.map_err(|error| Status::data_loss(error.to_string()))? {
                        return Ok(whole);
                    }
                }
                None => return Err(Status::unimplemented("an unknown message")),
            }
        }
        Err(Status::unavailable("it broke off"))
    }

    async fn begin(&self, requests: &Requests) {
        send(requests, call_request::Message::Plugin(self.plugin.to_string())).await;
        for part in parts(self.call.clone()) {
            send(requests, call_request::Message::Call(part)).await;
        }
    }

    async fn read(&self, read: ReadArtifact) -> io::Result<Vec<u8>> {
        let digest = read.digest.parse().map_err(|_| io::ErrorKind::NotFound)?;
        let artifacts = self.artifacts.clone();
        let reading = move || artifacts.read(digest, read.offset, read.length);
        tokio::task::spawn_blocking(reading).await.map_err(io::Error::other)?
    }
}

/// Sends `message`; when nobody hears it, whoever hears the other side learns why.
async fn send(requests: &Requests, message: call_request::Message) {
    drop(requests.send(CallRequest { message: Some(message) }).await);
}

async fn answer(requests: &Requests, id: u32, bytes: io::Result<Bytes>) {
    match bytes {
        Ok(bytes) => {
            for part in parts(bytes) {
                send(requests, call_request::Message::Answer(NumberedPart { id, part: Some(part) })).await;
            }
        }
        Err(error) => {
            let failure = Some(Failure::from(&error));
            send(requests, call_request::Message::Unreadable(NumberedFailure { id, failure })).await;
        }
    }
}

/// True when another process may answer what this one did not: calls are pure.
pub(super) fn may_be_asked_elsewhere(status: &Status) -> bool {
    use tonic::Code;
    matches!(status.code(), Code::Unavailable | Code::Cancelled | Code::Unknown | Code::DeadlineExceeded)
}

/// The call as it travels.
pub(super) fn written(call: &Call) -> Result<Bytes, CallError> {
    crate::parts::written(call).map_err(|error| match error {
        DocumentError::TooLarge(_) => CallError::HostcallLimit(format!("its arguments: {error}")),
        DocumentError::Foreign(_) => CallError::Host(format!("its arguments: {error}")),
    })
}
