//! What is done with a connection, again for ever when it is lost.

use simulay_model::Chain;

use crate::Unreachable;
use crate::backoff::Backoff;

/// What a connection is for.
pub(crate) trait Purpose {
    /// What is connected.
    type Connection;
    /// As operators read it.
    fn name(&self) -> &'static str;

    /// Connects; done once it was answered.
    async fn connect(&self) -> Result<Self::Connection, Unreachable>;

    /// Uses a connection until it is lost, and tells why.
    async fn serve(&self, connection: Self::Connection) -> Unreachable;
}

/// Connects for ever; each loss is told once, however long it lasts.
pub(crate) async fn persist<P: Purpose>(purpose: P) {
    let (mut backoff, mut told) = (Backoff::new(), false);
    loop {
        let lost = match purpose.connect().await {
            Ok(connection) => {
                tracing::info!(purpose = purpose.name(), "Redis is there");
                told = false;
                purpose.serve(connection).await
            }
            Err(error) => error,
        };
        if !told {
            tracing::warn!(purpose = purpose.name(), error = %Chain(&lost), "Redis is not there; it is tried again");
            told = true;
        }
        backoff.pause().await;
    }
}
