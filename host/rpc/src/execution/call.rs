//! One call that another process asked for.

use std::sync::Arc;
use std::time::Duration;

use simulay_containers::{Completed, ContainerError, Execution, ExecutionRequest};
use tokio::sync::mpsc::Sender;
use tokio_util::sync::CancellationToken;
use tonic::{Status, Streaming};

use super::exchange::{Answers, RemoteExchange};
use super::outbound::Outbound;
use crate::parts::{DOCUMENT, Gathered, parts, written};
use crate::proto::run_request::Message;
use crate::proto::{Ready, RunRequest, RunResponse, run_response};

/// For the parts of a request.
const PATIENCE: Duration = Duration::from_secs(30);

/// Sees through the call that `inbound` asks for. When its connection is lost, lets go of the container,
/// which goes on; unless it was cancelled, which is seen through.
pub(super) async fn see_through(
    containers: Arc<dyn Execution>,
    inbound: Streaming<RunRequest>,
    sender: Sender<Result<RunResponse, Status>>,
) {
    let outbound = Outbound(sender.clone());
    if let Err(status) = converse(&*containers, inbound, &outbound).await {
        tracing::debug!(%status, "a call is let go of");
        // Whoever asked is gone, or hears why.
        drop(sender.send(Err(status)).await);
    }
}

async fn converse(
    containers: &dyn Execution,
    mut inbound: Streaming<RunRequest>,
    outbound: &Outbound,
) -> Result<(), Status> {
    outbound.tell(run_response::Message::Ready(Ready {})).await;
    let request = tokio::time::timeout(PATIENCE, requested(&mut inbound)).await;
    let request = request.map_err(|_| Status::deadline_exceeded("the request took too long"))??;
    let (answers, cancel) = (Arc::<Answers>::default(), CancellationToken::new());
    let exchange = RemoteExchange::new(outbound.clone(), answers.clone());
    let mut running = containers.run(request, &exchange, cancel.clone());
    let ended = tokio::select! {
        biased;
        ended = &mut running => ended,
        lost = listen(&mut inbound, &answers, &cancel) => match cancel.is_cancelled() {
            true => running.await,
            false => return Err(lost),
        },
    };
    tell_end(outbound, &ended).await
}

async fn requested(inbound: &mut Streaming<RunRequest>) -> Result<ExecutionRequest, Status> {
    let mut request = Gathered::within(DOCUMENT);
    while let Some(message) = inbound.message().await? {
        let Some(Message::Request(part)) = message.message else {
            return Err(Status::invalid_argument("the request comes first"));
        };
        let whole = request.read(&part);
        if let Some(whole) = whole.map_err(|error| Status::invalid_argument(format!("`request`: {error}")))? {
            return Ok(whole);
        }
    }
    Err(Status::cancelled("nothing was asked for"))
}

/// Hears what whoever asked says, for as long as there is something to hear.
async fn listen(
    inbound: &mut Streaming<RunRequest>,
    answers: &Answers,
    cancel: &CancellationToken,
) -> Status {
    loop {
        let heard = match inbound.message().await {
            Ok(Some(RunRequest { message: Some(message) })) => take(message, answers, cancel),
            Ok(Some(RunRequest { message: None })) => Err(Status::unimplemented("an unknown message")),
            Ok(None) => Err(Status::cancelled("whoever asked is gone")),
            Err(status) => Err(status),
        };
        if let Err(status) = heard {
            return status;
        }
    }
}

fn take(message: Message, answers: &Answers, cancel: &CancellationToken) -> Result<(), Status> {
    match message {
        Message::Request(_) => return Err(Status::invalid_argument("a second request")),
        Message::Opened(opened) => answers.opened(&opened),
        Message::Artifact(numbered) => answers.part(numbered)?,
        Message::Unreadable(numbered) => answers.unreadable(numbered),
        Message::Kept(kept) => answers.kept(&kept),
        Message::Failed(failure) => {
            answers.fail(failure);
            cancel.cancel();
        }
        Message::Cancel(_) => cancel.cancel(),
    }
    Ok(())
}

async fn tell_end(outbound: &Outbound, ended: &Result<Completed, ContainerError>) -> Result<(), Status> {
    let document = written(ended).map_err(|error| Status::internal(format!("what came of it: {error}")))?;
    for part in parts(document) {
        let message = RunResponse { message: Some(run_response::Message::Ended(part)) };
        if outbound.0.send(Ok(message)).await.is_err() {
            break;
        }
    }
    Ok(())
}
