//! Runs plugin code for other processes.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::Stream;
use simulay_model::Digest;
use simulay_sandbox::{Answered, Call, CallError, InspectError, Sandbox, SandboxSettings};
use tokio::sync::{Semaphore, mpsc};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status, Streaming};

use super::callbacks::Callbacks;
use crate::access::{Allowed, check};
use crate::parts::{DOCUMENT, DocumentError, Gathered, MESSAGE, WINDOW, parts, written};
use crate::proto::sandbox_server::{Sandbox as Port, SandboxServer};
use crate::proto::{
    CallRequest, CallResponse, InspectRequest, InspectResponse, Part, call_request, call_response,
};

/// For a component or a call to arrive.
const PATIENCE: Duration = Duration::from_secs(60);

type Answers<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;
type Sender = mpsc::Sender<Result<CallResponse, Status>>;

/// A sandbox that some roles may use.
pub(crate) struct SandboxService {
    sandbox: Arc<dyn Sandbox>,
    /// Bytes of a component, at most.
    component: usize,
    /// For components that are inspected, or on their way to be.
    room: Semaphore,
    allowed: Allowed,
}

impl SandboxService {
    pub(crate) fn new(sandbox: Arc<dyn Sandbox>, limits: &SandboxSettings, allowed: Allowed) -> Self {
        let room = Semaphore::new(limits.parallel_compilations.max(1));
        Self { sandbox, component: limits.component_bytes, room, allowed }
    }

    pub(crate) fn service(self) -> SandboxServer<Self> {
        SandboxServer::new(self).max_decoding_message_size(MESSAGE).max_encoding_message_size(MESSAGE)
    }
}

#[async_trait]
impl Port for SandboxService {
    type InspectStream = Answers<InspectResponse>;
    type CallStream = Answers<CallResponse>;

    async fn inspect(
        &self,
        request: Request<Streaming<InspectRequest>>,
    ) -> Result<Response<Self::InspectStream>, Status> {
        check(&request, self.allowed)?;
        let _room = self.room.acquire().await.map_err(|_| Status::unavailable("it is being stopped"))?;
        let component = within(component(request.into_inner(), self.component)).await?;
        let inspected = match component {
            Ok(component) => self.sandbox.inspect(component.into()).await,
            Err(error) => Err(InspectError::TooComplex(format!("the component: {error}"))),
        };
        let response = |part| Ok(InspectResponse { inspected: Some(part) });
        let told: Vec<_> = document(&inspected)?.map(response).collect();
        Ok(Response::new(Box::pin(tokio_stream::iter(told))))
    }

    async fn call(
        &self,
        request: Request<Streaming<CallRequest>>,
    ) -> Result<Response<Self::CallStream>, Status> {
        check(&request, self.allowed)?;
        let (sender, responses) = mpsc::channel(WINDOW);
        let (sandbox, callbacks) = (self.sandbox.clone(), Callbacks::new(sender.clone(), self.component));
        tokio::spawn(async move {
            if let Err(status) = call(&*sandbox, request.into_inner(), &callbacks, &sender).await {
                // Whoever called is gone, or hears why.
                drop(sender.send(Err(status)).await);
            }
        });
        Ok(Response::new(Box::pin(ReceiverStream::new(responses))))
    }
}

async fn within<T>(arriving: impl Future<Output = Result<T, Status>>) -> Result<T, Status> {
    let arrived = tokio::time::timeout(PATIENCE, arriving).await;
    arrived.map_err(|_| Status::deadline_exceeded("the request took too long"))?
}

fn document(document: &impl serde::Serialize) -> Result<impl Iterator<Item = Part>, Status> {
    Ok(parts(written(document).map_err(|error| Status::internal(format!("the answer: {error}")))?))
}

/// What was answered, or that it is more than travels.
fn sized(answered: Result<Answered, CallError>) -> Result<Answered, CallError> {
    match written(&answered) {
        Err(error @ DocumentError::TooLarge(_)) => Err(CallError::ResultTooLarge(error.to_string())),
        _ => answered,
    }
}

async fn component(
    mut inbound: Streaming<InspectRequest>,
    most: usize,
) -> Result<Result<Vec<u8>, DocumentError>, Status> {
    let mut gathered = Gathered::within(most);
    while let Some(message) = inbound.message().await? {
        let part = message.component.unwrap_or_default();
        if let Some(whole) = gathered.take(&part).transpose() {
            return Ok(whole);
        }
    }
    Err(Status::cancelled("the component broke off"))
}

async fn call(
    sandbox: &dyn Sandbox,
    mut inbound: Streaming<CallRequest>,
    callbacks: &Callbacks,
    sender: &Sender,
) -> Result<(), Status> {
    let (plugin, call) = within(called(&mut inbound)).await?;
    // Code may go on for a moment after its call, and is not to wait for answers then.
    let answering = callbacks.answering();
    let answered = tokio::select! {
        answered = sandbox.call(plugin, callbacks, call, Arc::new(callbacks.clone())) => answered,
        gone = listen(&mut inbound, callbacks) => return Err(gone),
    };
    drop(answering);
    for part in document(&sized(answered))? {
        let message = Some(call_response::Message::Answered(part));
        if sender.send(Ok(CallResponse { message })).await.is_err() {
            break;
        }
    }
    Ok(())
}

async fn called(inbound: &mut Streaming<CallRequest>) -> Result<(Digest, Call), Status> {
    let (mut plugin, mut call) = (None, Gathered::within(DOCUMENT));
    while let Some(CallRequest { message }) = inbound.message().await? {
        match (message, plugin) {
            (Some(call_request::Message::Plugin(digest)), None) => {
                let digest = digest.parse();
                plugin = Some(digest.map_err(|_| Status::invalid_argument("`plugin`: no SHA-256"))?);
            }
            (Some(call_request::Message::Call(part)), Some(plugin)) => {
                let whole = call.read(&part);
                let whole = whole.map_err(|error| Status::invalid_argument(format!("`call`: {error}")))?;
                if let Some(call) = whole {
                    return Ok((plugin, call));
                }
            }
            _ => return Err(Status::invalid_argument("the plugin comes first, then its call")),
        }
    }
    Err(Status::cancelled("nothing was called"))
}

/// Hears the answers of whoever called, for as long as there is something to hear.
async fn listen(inbound: &mut Streaming<CallRequest>, callbacks: &Callbacks) -> Status {
    loop {
        let heard = match inbound.message().await {
            Ok(Some(CallRequest { message: Some(call_request::Message::Answer(part)) })) => {
                callbacks.part(part)
            }
            Ok(Some(CallRequest { message: Some(call_request::Message::Unreadable(failure)) })) => {
                callbacks.unreadable(failure);
                Ok(())
            }
            Ok(Some(_)) => Err(Status::invalid_argument("only answers follow a call")),
            Ok(None) => Err(Status::cancelled("whoever called is gone")),
            Err(status) => Err(status),
        };
        if let Err(status) = heard {
            return status;
        }
    }
}
