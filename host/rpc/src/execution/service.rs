//! Carries out container calls for other processes.

use std::pin::Pin;
use std::sync::Arc;

use async_trait::async_trait;
use futures_util::Stream;
use simulay_containers::Execution;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status, Streaming};

use super::call;
use crate::access::{Allowed, check};
use crate::parts::{MESSAGE, WINDOW};
use crate::proto::execution_server::{Execution as Port, ExecutionServer};
use crate::proto::{RemoveRequest, RemoveResponse, RunRequest, RunResponse};
use crate::words::parted;

/// A runtime that some roles may use.
pub(crate) struct ExecutionService {
    containers: Arc<dyn Execution>,
    allowed: Allowed,
}

impl ExecutionService {
    pub(crate) fn new(containers: Arc<dyn Execution>, allowed: Allowed) -> Self {
        Self { containers, allowed }
    }

    pub(crate) fn service(self) -> ExecutionServer<Self> {
        ExecutionServer::new(self).max_decoding_message_size(MESSAGE).max_encoding_message_size(MESSAGE)
    }
}

#[async_trait]
impl Port for ExecutionService {
    type RunStream = Pin<Box<dyn Stream<Item = Result<RunResponse, Status>> + Send>>;

    async fn run(
        &self,
        request: Request<Streaming<RunRequest>>,
    ) -> Result<Response<Self::RunStream>, Status> {
        check(&request, self.allowed)?;
        let (sender, responses) = mpsc::channel(WINDOW);
        tokio::spawn(call::see_through(self.containers.clone(), request.into_inner(), sender));
        Ok(Response::new(Box::pin(ReceiverStream::new(responses))))
    }

    async fn remove(&self, request: Request<RemoveRequest>) -> Result<Response<RemoveResponse>, Status> {
        check(&request, self.allowed)?;
        let RemoveRequest { name, fence } = request.into_inner();
        let name = name.parse().map_err(|error| Status::invalid_argument(format!("`name`: {error}")))?;
        let ((), error) = parted(self.containers.remove(name, fence).await)?;
        Ok(Response::new(RemoveResponse { error }))
    }
}
