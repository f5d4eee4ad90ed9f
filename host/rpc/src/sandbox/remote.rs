//! The sandboxes of other processes.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use parking_lot::Mutex;
use simulay_model::{Digest, Inspection};
use simulay_sandbox::{Answered, Call, CallError, Code, InspectError, ReadArtifacts, Sandbox};
use tonic::Status;
use tonic::transport::Channel;

use super::job::{self, Job, may_be_asked_elsewhere};
use crate::connector::channel;
use crate::parts::MESSAGE;
use crate::proto::sandbox_client::SandboxClient;
use crate::tls::Role;
use crate::words::told;
use crate::{Credentials, RpcSettings};

type Client = SandboxClient<Channel>;

/// The sandboxes of runners. Each call goes to the next of them; to another when that one does not answer,
/// since calls are pure.
pub struct RemoteSandbox {
    addresses: Vec<String>,
    credentials: Credentials,
    settings: RpcSettings,
    clients: Mutex<HashMap<SocketAddr, Client>>,
    turn: AtomicUsize,
}

impl RemoteSandbox {
    /// Reaches the runners at `addresses`, hosts with a port each; a name of several is looked up each time.
    #[must_use]
    pub fn new(addresses: Vec<String>, credentials: Credentials, settings: RpcSettings) -> Self {
        Self { addresses, credentials, settings, clients: Mutex::default(), turn: AtomicUsize::new(0) }
    }

    /// The runners, each once, those first whose turn it is.
    async fn runners(&self) -> Result<Vec<Client>, String> {
        let (mut found, mut why) = (Vec::new(), "no runner is known".to_owned());
        for address in &self.addresses {
            match tokio::net::lookup_host(address).await {
                Ok(addresses) => found.extend(addresses),
                Err(error) => why = format!("{address} is not found: {error}"),
            }
        }
        found.sort_unstable();
        found.dedup();
        if found.is_empty() {
            return Err(why);
        }
        let turn = self.turn.fetch_add(1, Ordering::Relaxed) % found.len();
        found.rotate_left(turn);
        Ok(self.clients_of(&found))
    }

    /// Connections are kept for as long as there is a runner at their address.
    fn clients_of(&self, found: &[SocketAddr]) -> Vec<Client> {
        let mut clients = self.clients.lock();
        clients.retain(|address, _| found.contains(address));
        let client = |address: &SocketAddr| {
            let make = || self.connect(*address);
            clients.entry(*address).or_insert_with(make).clone()
        };
        found.iter().map(client).collect()
    }

    fn connect(&self, address: SocketAddr) -> Client {
        let channel = channel(&address.to_string(), Role::Runner, &self.credentials, &self.settings);
        Client::new(channel).max_decoding_message_size(MESSAGE).max_encoding_message_size(MESSAGE)
    }

    async fn ask<T, F>(&self, asking: impl Fn(Client) -> F) -> Result<T, String>
    where
        F: Future<Output = Result<T, Status>>,
    {
        let mut why = String::new();
        for client in self.runners().await? {
            match asking(client).await {
                Ok(answer) => return Ok(answer),
                Err(status) => {
                    why = format!("no runner answers: {}", told(&status));
                    if !may_be_asked_elsewhere(&status) {
                        break;
                    }
                }
            }
        }
        Err(why)
    }
}

#[async_trait]
impl Sandbox for RemoteSandbox {
    async fn inspect(&self, component: Arc<[u8]>) -> Result<Inspection, InspectError> {
        let asked = self.ask(|client| job::inspect(client, &component)).await;
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
        let asked = self.ask(|client| job.ask(client)).await;
        asked.map_err(CallError::Host)?
    }
}
