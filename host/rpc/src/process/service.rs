//! Answers how a process is.

use std::sync::Arc;

use async_trait::async_trait;
use simulay_model::ProcessStatus;
use tonic::{Request, Response, Status};

use crate::access::{Allowed, check};
use crate::parts::{MESSAGE, written};
use crate::proto::process_server::{Process as Port, ProcessServer};
use crate::proto::{ShowRequest, ShowResponse};

/// A process that tells how it is.
#[async_trait]
pub trait Process: Send + Sync {
    /// How it is now. Answers within seconds.
    async fn status(&self) -> ProcessStatus;
}

/// A process that some roles may ask.
pub(crate) struct ProcessService {
    process: Arc<dyn Process>,
    allowed: Allowed,
}

impl ProcessService {
    pub(crate) fn new(process: Arc<dyn Process>, allowed: Allowed) -> Self {
        Self { process, allowed }
    }

    pub(crate) fn service(self) -> ProcessServer<Self> {
        ProcessServer::new(self).max_decoding_message_size(MESSAGE).max_encoding_message_size(MESSAGE)
    }
}

#[async_trait]
impl Port for ProcessService {
    async fn show(&self, request: Request<ShowRequest>) -> Result<Response<ShowResponse>, Status> {
        check(&request, self.allowed)?;
        let status = written(&self.process.status().await);
        let status = status.map_err(|error| Status::internal(error.to_string()))?;
        Ok(Response::new(ShowResponse { status }))
    }
}
