//! How much of something each address has, so that none has all. What comes from this machine has no
//! bound: behind a proxy here that is not trusted to tell from whom, everyone does.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::convert::Infallible;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::Extensions;
use axum::http::request::Parts;
use parking_lot::{Mutex, MutexGuard};

use crate::client::Client;

/// An address that others cannot have as well; none for what has no bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Peer(Option<IpAddr>);

impl Peer {
    pub(crate) const fn unbounded() -> Self {
        Self(None)
    }

    /// Who sent the request with these `extensions`; unbounded when nothing tells.
    pub(crate) fn of(extensions: &Extensions) -> Self {
        let address = extensions.get::<Client>().and_then(|client| client.address);
        address.map_or_else(Self::unbounded, Self::new)
    }

    /// What is bounded, when it is.
    pub(crate) const fn bounded(self) -> Option<IpAddr> {
        self.0
    }

    pub(crate) fn new(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            local if local.is_loopback() => None,
            // One machine has a whole network of these.
            IpAddr::V6(address) => Some(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into()),
            other @ IpAddr::V4(_) => Some(other),
        })
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Peer {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        Ok(Self::of(&parts.extensions))
    }
}

/// What each address has, and the most of it.
#[derive(Clone)]
pub(crate) struct AddressLimit {
    taken: Arc<Mutex<HashMap<IpAddr, usize>>>,
    most: usize,
}

impl AddressLimit {
    pub(crate) fn new(most: usize) -> Self {
        Self { taken: Arc::default(), most }
    }

    /// One more for `peer`, unless it has all that it may have.
    pub(crate) fn take(&self, Peer(peer): Peer) -> Option<AddressPermit> {
        if let Some(address) = peer {
            let mut taken = lock(&self.taken);
            let count = taken.entry(address).or_default();
            if *count >= self.most {
                return None;
            }
            *count += 1;
        }
        Some(AddressPermit { peer, taken: self.taken.clone() })
    }
}

/// Part of the share of an address; given back when dropped.
pub(crate) struct AddressPermit {
    peer: Option<IpAddr>,
    taken: Arc<Mutex<HashMap<IpAddr, usize>>>,
}

impl Drop for AddressPermit {
    fn drop(&mut self) {
        let Some(address) = self.peer else { return };
        if let Entry::Occupied(mut entry) = lock(&self.taken).entry(address) {
            *entry.get_mut() -= 1;
            if *entry.get() == 0 {
                entry.remove();
            }
        }
    }
}

fn lock(taken: &Mutex<HashMap<IpAddr, usize>>) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
    taken.lock()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(address: &str) -> Peer {
        Peer::new(address.parse().unwrap())
    }

    #[test]
    fn no_address_has_more_than_its_share() {
        let shares = AddressLimit::new(2);
        let held: Vec<_> = ["192.0.2.1", "::ffff:192.0.2.1"].map(|one| shares.take(peer(one))).into();
        assert!(held.iter().all(Option::is_some) && shares.take(peer("192.0.2.1")).is_none());
        assert!(shares.take(peer("192.0.2.2")).is_some());
        drop(held);
        assert!(lock(&shares.taken).is_empty());
    }

    #[test]
    fn a_network_of_version_6_is_one_and_this_machine_has_no_bound() {
        let shares = AddressLimit::new(1);
        let _held = shares.take(peer("2001:db8::1")).unwrap();
        assert!(shares.take(peer("2001:db8::ffff:2")).is_none());
        assert!(shares.take(peer("2001:db8:0:1::1")).is_some());
        let local: Vec<_> = (0..9).map(|_| shares.take(peer("127.0.0.1"))).collect();
        assert!(local.iter().all(Option::is_some));
    }
}
