//! Processes behind names of which each may stand for several: `tasks.runner:7374` for every task of a service.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use futures_util::future::join_all;
use parking_lot::Mutex;
use tokio::net::lookup_host;
use tokio::time::timeout;

/// For a name to be looked up.
const ANSWER: Duration = Duration::from_secs(5);
/// For a name of which it is known where it led last.
const ANSWER_AGAIN: Duration = Duration::from_secs(1);

/// What reaches the process at an address.
type Reach<C> = dyn Fn(SocketAddr) -> C + Send + Sync;

/// The processes behind names, hosts with a port each, and a client of each process.
pub struct Peers<C> {
    names: Vec<String>,
    reach: Box<Reach<C>>,
    known: Mutex<Known<C>>,
}

struct Known<C> {
    /// Where each name led last.
    addresses: BTreeMap<String, BTreeSet<SocketAddr>>,
    /// Kept as long as their address stays.
    clients: BTreeMap<SocketAddr, C>,
    /// Names led nowhere when they were looked up last.
    failing: bool,
}

/// Names that lead nowhere, and never did.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct NowhereError(String);

impl<C: Clone + 'static> Peers<C> {
    /// The processes behind `names`, which `reach` reaches.
    pub fn new(names: Vec<String>, reach: impl Fn(SocketAddr) -> C + Send + Sync + 'static) -> Self {
        let known = Known { addresses: BTreeMap::new(), clients: BTreeMap::new(), failing: false };
        Self { names, reach: Box::new(reach), known: Mutex::new(known) }
    }

    /// Those there are now, by address. A name that leads nowhere now leads where it led last.
    ///
    /// # Errors
    /// When no name leads anywhere, and none did before.
    pub async fn found(&self) -> Result<Vec<(SocketAddr, C)>, NowhereError> {
        let looked =
            join_all(self.names.iter().map(|name| timeout(self.patience(name), addresses(name)))).await;
        let mut known = self.known.lock();
        let mut failed = Vec::new();
        for (name, found) in self.names.iter().zip(looked) {
            match found.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())) {
                Ok(found) => drop(known.addresses.insert(name.clone(), found)),
                Err(error) => failed.push(format!("{name}: {error}")),
            }
        }
        let failed = known.note(&failed);
        let found = known.found(&self.reach);
        if found.is_empty() && !failed.is_empty() { Err(NowhereError(failed)) } else { Ok(found) }
    }

    fn patience(&self, name: &str) -> Duration {
        if self.known.lock().addresses.contains_key(name) { ANSWER_AGAIN } else { ANSWER }
    }
}

impl<C: Clone + 'static> Known<C> {
    /// Logs once which names lead nowhere, and gives them as text.
    fn note(&mut self, failed: &[String]) -> String {
        let failed = failed.join("; ");
        if !std::mem::replace(&mut self.failing, !failed.is_empty()) && self.failing {
            tracing::warn!(failed, "names lead nowhere; where they led last is where they lead");
        }
        failed
    }

    fn found(&mut self, reach: &Reach<C>) -> Vec<(SocketAddr, C)> {
        let all: BTreeSet<SocketAddr> = self.addresses.values().flatten().copied().collect();
        self.clients.retain(|address, _| all.contains(address));
        for address in all {
            self.clients.entry(address).or_insert_with(|| reach(address));
        }
        self.clients.iter().map(|(address, client)| (*address, client.clone())).collect()
    }
}

async fn addresses(name: &str) -> io::Result<BTreeSet<SocketAddr>> {
    Ok(of_one_kind(lookup_host(name).await?.collect()))
}

/// A process with two kinds of addresses is one: it is known by that of IPv4.
fn of_one_kind(mut addresses: BTreeSet<SocketAddr>) -> BTreeSet<SocketAddr> {
    if addresses.iter().any(SocketAddr::is_ipv4) {
        addresses.retain(SocketAddr::is_ipv4);
    }
    addresses
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    const PORT: u16 = 7375;

    fn peers(names: &[&str]) -> Peers<Arc<SocketAddr>> {
        Peers::new(names.iter().map(|name| (*name).to_owned()).collect(), Arc::new)
    }

    #[tokio::test]
    async fn an_address_that_stays_keeps_its_client() {
        let peers = peers(&["127.0.0.1:7375", "127.0.0.2:7375", "127.0.0.1:7375"]);
        let (before, after) = (peers.found().await.unwrap(), peers.found().await.unwrap());
        let addresses: Vec<SocketAddr> = before.iter().map(|(address, _)| *address).collect();
        assert_eq!(addresses, [([127, 0, 0, 1], PORT).into(), ([127, 0, 0, 2], PORT).into()]);
        for ((_, before), (_, after)) in before.iter().zip(&after) {
            assert!(Arc::ptr_eq(before, after));
        }
    }

    #[tokio::test]
    async fn a_name_that_leads_nowhere_costs_only_itself() {
        let one = peers(&["127.0.0.1:7375", "nowhere.invalid:7375"]);
        assert_eq!(one.found().await.unwrap().len(), 1);
        let none = peers(&["nowhere.invalid:7375", "no port"]);
        let told = none.found().await.unwrap_err().to_string();
        assert!(told.contains("nowhere.invalid:7375") && told.contains("no port"), "{told}");
    }

    #[tokio::test]
    async fn a_name_that_leads_nowhere_now_leads_where_it_led() {
        let (peers, address) = (peers(&["nowhere.invalid:7375"]), SocketAddr::from(([127, 0, 0, 1], PORT)));
        peers.known.lock().addresses.insert("nowhere.invalid:7375".to_owned(), [address].into());
        assert_eq!(peers.found().await.unwrap(), [(address, Arc::new(address))]);
    }

    #[test]
    fn a_name_with_addresses_of_both_kinds_leads_to_each_process_once() {
        let four = SocketAddr::from(([127, 0, 0, 1], PORT));
        let six = SocketAddr::from(([0, 0, 0, 0, 0, 0, 0, 1], PORT));
        assert_eq!(of_one_kind([four, six].into()), [four].into());
        assert_eq!(of_one_kind([six].into()), [six].into());
    }

    #[test]
    fn an_address_that_is_gone_is_nobody() {
        let (peers, address) = (peers(&[]), SocketAddr::from(([127, 0, 0, 1], PORT)));
        let mut known = peers.known.lock();
        known.addresses.insert("tasks.containers:7375".to_owned(), [address].into());
        assert_eq!(known.found(&peers.reach).len(), 1);
        known.addresses.insert("tasks.containers:7375".to_owned(), BTreeSet::new());
        assert!(known.found(&peers.reach).is_empty() && known.clients.is_empty());
    }
}
