//! The way to whoever asked for a call.

use std::future::pending;

use tokio::runtime::Handle;
use tokio::sync::mpsc::Sender;
use tokio::sync::mpsc::error::TrySendError;
use tonic::Status;

use crate::proto::RunResponse;
use crate::proto::run_response::Message;

/// Takes what is told to whoever asked, as fast as it is heard.
#[derive(Clone)]
pub(super) struct Outbound(pub(super) Sender<Result<RunResponse, Status>>);

impl Outbound {
    /// Tells `message`. Never returns when nobody hears it: a container is not to learn of a lost connection,
    /// since it would be removed; its call is dropped instead.
    pub(super) async fn tell(&self, message: Message) {
        if self.0.send(Ok(response(message))).await.is_err() {
            pending::<()>().await;
        }
    }

    /// Tells `message` by and by, whoever drops what it is about.
    pub(super) fn tell_later(&self, message: Message) {
        let Err(TrySendError::Full(message)) = self.0.try_send(Ok(response(message))) else { return };
        if let Ok(runtime) = Handle::try_current() {
            let sender = self.0.clone();
            runtime.spawn(async move { sender.send(message).await });
        }
    }
}

const fn response(message: Message) -> RunResponse {
    RunResponse { message: Some(message) }
}
