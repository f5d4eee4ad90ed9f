//! The sandboxes of other processes.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use simulay_model::{Digest, Inspection};
use simulay_sandbox::{
    Answered, Call, CallError, Code, InspectError, ReadArtifacts, Sandbox, SandboxSettings,
};
use tonic::Status;
use tonic::transport::Channel;

use super::job::{self, Job, may_be_asked_elsewhere};
use crate::connector::channel;
use crate::parts::MESSAGE;
use crate::proto::sandbox_client::SandboxClient;
use crate::tls::Role;
use crate::words::told;
use crate::{Credentials, Peers, RpcSettings};

type Client = SandboxClient<Channel>;

/// For what travels, and for others whose turn it is, beside the time that a sandbox takes.
const ROOM: Duration = Duration::from_secs(120);
const NOBODY: &str = "no runner answers";

/// The sandboxes of runners. Each call goes to the next of them; to another when that one does not answer,
/// since calls are pure.
pub struct RemoteSandbox {
    runners: Peers<Client>,
    limits: SandboxSettings,
    turn: AtomicUsize,
}

impl RemoteSandbox {
    /// Reaches the runners at `addresses`, each a host and a port of one or several.
    #[must_use]
    pub fn new(addresses: Vec<String>, credentials: Credentials, settings: RpcSettings) -> Self {
        let limits = settings.sandbox.clone();
        let reach = move |address: SocketAddr| {
            let channel = channel(&address.to_string(), Role::Runner, &credentials, &settings);
            Client::new(channel).max_decoding_message_size(MESSAGE).max_encoding_message_size(MESSAGE)
        };
        Self { runners: Peers::new(addresses, reach), limits, turn: AtomicUsize::new(0) }
    }

    /// The runners, those first whose turn it is.
    async fn runners(&self) -> Vec<(SocketAddr, Client)> {
        // Why there is none, the log has.
        let mut found = self.runners.found().await.unwrap_or_default();
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        let first = turn.checked_rem(found.len()).unwrap_or_default();
        found.rotate_left(first);
        found
    }

    /// What the first of them answers whom `asking` asks: each within what `time` of the processor takes.
    async fn ask<T, F>(&self, time: Duration, asking: impl Fn(Client) -> F) -> Result<T, String>
    where
        F: Future<Output = Result<T, Status>>,
    {
        let patience = SandboxSettings::wall_time(time) + ROOM;
        for (address, client) in self.runners().await {
            let answer = tokio::time::timeout(patience, asking(client)).await;
            match answer.unwrap_or_else(|_| Err(Status::deadline_exceeded("no answer in time"))) {
                Ok(answer) => return Ok(answer),
                Err(status) => {
                    tracing::warn!(%address, why = told(&status), "a runner runs no plugin code");
                    if !may_be_asked_elsewhere(&status) {
                        break;
                    }
                }
            }
        }
        Err(NOBODY.to_owned())
    }
}

#[async_trait]
impl Sandbox for RemoteSandbox {
    async fn inspect(&self, component: Arc<[u8]>) -> Result<Inspection, InspectError> {
        let time = self.limits.compile_time + self.limits.describe_time;
        let asked = self.ask(time, |client| job::inspect(client, &component)).await;
        asked.map_err(InspectError::Host)?
    }

    async fn call(
        &self,
        plugin: Digest,
        code: &dyn Code,
        call: Call,
        artifacts: Arc<dyn ReadArtifacts>,
    ) -> Result<Answered, CallError> {
        let job = Job { plugin, code, call: job::written(&call)?, artifacts };
        let time = self.limits.compile_time + self.limits.call_time;
        let asked = self.ask(time, |client| job.ask(client)).await;
        asked.map_err(CallError::Host)?
    }
}
