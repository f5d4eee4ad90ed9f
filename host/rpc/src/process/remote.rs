//! Asks runners how they are.

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::future::join_all;
use simulay_model::{ProcessStatus, RunnerStatus};
use tonic::Code;
use tonic::transport::Channel;

use crate::connector::{channel, within};
use crate::parts::MESSAGE;
use crate::proto::ShowRequest;
use crate::proto::process_client::ProcessClient;
use crate::tls::Role;
use crate::words::told;
use crate::{Credentials, Peers, RpcSettings};

/// For a runner to answer, which looks at what it works with first.
const PATIENCE: Duration = Duration::from_secs(5);

type Client = ProcessClient<Channel>;

/// The runners of a cluster, each asked for itself.
pub struct RemoteRunners {
    runners: Peers<Client>,
}

impl RemoteRunners {
    /// Asks the runners at `addresses`, each a host and a port of one or several; connects when it is asked.
    #[must_use]
    pub fn new(addresses: &[String], credentials: &Credentials, settings: &RpcSettings) -> Self {
        let (credentials, settings) = (credentials.clone(), settings.clone());
        let reach = move |address: SocketAddr| {
            let channel = channel(&address.to_string(), Role::Runner, &credentials, &settings);
            Client::new(channel).max_decoding_message_size(MESSAGE).max_encoding_message_size(MESSAGE)
        };
        Self { runners: Peers::new(addresses.to_owned(), reach) }
    }

    /// How each of them is that its name leads to.
    pub async fn statuses(&self) -> Vec<RunnerStatus> {
        // Why there is none, the log has.
        let found = self.runners.found().await.unwrap_or_default();
        let asked = found.into_iter().map(async |(address, client)| RunnerStatus {
            address: address.to_string(),
            told: ask(client).await,
        });
        join_all(asked).await
    }
}

/// What it says of itself: nothing, when it is of a version before it could.
async fn ask(mut client: Client) -> Result<Option<ProcessStatus>, String> {
    let asked = tokio::time::timeout(PATIENCE, client.show(within(PATIENCE, ShowRequest {}))).await;
    match asked {
        Ok(Ok(answer)) => match serde_json::from_slice(&answer.get_ref().status) {
            Ok(status) => Ok(Some(status)),
            Err(error) => Err(format!("what it tells cannot be understood: {error}")),
        },
        Ok(Err(status)) if status.code() == Code::Unimplemented => Ok(None),
        Ok(Err(status)) => Err(told(&status)),
        Err(_) => Err(format!("no answer within {} s", PATIENCE.as_secs())),
    }
}
