//! What the process that carries out a call says, and the way to it.

use simulay_containers::{Completed, ContainerError};
use tokio::sync::mpsc;
use tonic::{Code, Status, Streaming};

use crate::proto::run_request::Message;
use crate::proto::{RunRequest, RunResponse, run_response};
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
pub(super) struct Requests(pub(super) mpsc::Sender<RunRequest>);

impl Requests {
    /// Says `message`. When nobody hears it, who hears the other side learns why.
    pub(super) async fn send(&self, message: Message) {
        drop(self.0.send(RunRequest { message: Some(message) }).await);
    }
}

/// The next that the other side says.
pub(super) async fn next(inbound: &mut Streaming<RunResponse>) -> Result<run_response::Message, Broken> {
    let message = inbound.message().await?.ok_or_else(|| Broken::lost("it broke off"))?;
    message.message.ok_or_else(|| Broken::nonsense("an unknown message"))
}
