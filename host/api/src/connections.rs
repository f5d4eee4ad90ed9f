//! Permits of connections. Whoever gets none is still heard, on a connection set aside: the host is
//! asked whether it lives and how it does when it is crowded most of all.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::ApiSettings;
use crate::address_limit::{AddressLimit, AddressPermit, Peer};
use crate::client::Proxies;
use crate::problem::Refusal;
use crate::wire::ProblemKind;

/// What is answered on any connection.
const ALWAYS: [&str; 3] = ["/healthz", "/readyz", "/metrics"];

/// The permits of connections.
pub(crate) struct ConnectionLimit {
    free: Arc<Semaphore>,
    shares: AddressLimit,
    proxies: Proxies,
}

/// The place of a connection, free again when dropped.
pub(crate) struct ConnectionPermit {
    _permit: OwnedSemaphorePermit,
    _share: AddressPermit,
}

/// Why a connection has no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Crowded {
    /// All permits are taken.
    ByAll,
    /// The address has its share.
    ByAddress,
}

impl ConnectionLimit {
    pub(crate) fn new(settings: &ApiSettings) -> Self {
        Self {
            free: Arc::new(Semaphore::new(settings.max_connections)),
            shares: AddressLimit::new(settings.max_connections_per_address),
            proxies: Proxies::new(settings),
        }
    }

    pub(crate) fn take(&self, from: IpAddr) -> Result<ConnectionPermit, Crowded> {
        // A proxy has the connections of all its clients.
        let peer = if self.proxies.trust(from) { Peer::unbounded() } else { Peer::new(from) };
        let share = self.shares.take(peer).ok_or(Crowded::ByAddress)?;
        let permit = self.free.clone().try_acquire_owned().map_err(|_| Crowded::ByAll)?;
        Ok(ConnectionPermit { _permit: permit, _share: share })
    }
}

impl From<Crowded> for Refusal {
    fn from(crowded: Crowded) -> Self {
        let setting = match crowded {
            Crowded::ByAll => "there are as many connections as `server.max_connections` allows",
            Crowded::ByAddress => {
                "your address has as many connections as `server.max_connections_per_address` allows"
            }
        };
        Self::new(ProblemKind::TooManyConnections, setting)
    }
}

/// Lets through requests on connections that have a permit, and what is always answered.
pub(crate) async fn check(request: Request, next: Next) -> Response {
    let crowded = request.extensions().get::<Crowded>().copied();
    match crowded.filter(|_| !ALWAYS.contains(&request.uri().path())) {
        Some(crowded) => Refusal::from(crowded).into_response(),
        None => next.run(request).await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trusted_proxy_has_the_connections_of_all_its_clients() {
        let settings = ApiSettings {
            max_connections: 4,
            max_connections_per_address: 1,
            trusted_proxies: vec!["10.0.0.5/32".parse().unwrap()],
            ..ApiSettings::default()
        };
        let limit = ConnectionLimit::new(&settings);
        let take = |address: &str| limit.take(address.parse().unwrap());
        let _three = ["10.0.0.5", "::ffff:10.0.0.5", "10.0.0.6"].map(|address| take(address).ok().unwrap());
        assert_eq!(take("10.0.0.6").err(), Some(Crowded::ByAddress));
        let _fourth = take("10.0.0.5").ok().unwrap();
        assert_eq!(take("10.0.0.5").err(), Some(Crowded::ByAll));
    }
}
