//! Which nodes there are, by names that are looked up: `tasks.containers:7375` stands for every task of a
//! service.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::join_all;
use simulay_containers::{Containers, Discovered, Discovery, DiscoveryError};
use tokio::net::lookup_host;
use tokio::sync::Mutex;
use tokio::time::timeout;

/// For a name to be looked up.
const ANSWER: Duration = Duration::from_secs(5);

/// What reaches the containers at an address.
type Reach = dyn Fn(&str) -> Arc<dyn Containers> + Send + Sync;

/// Finds nodes by the names of services.
pub(crate) struct Names {
    names: Vec<String>,
    reach: Box<Reach>,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    /// Where each name led last.
    addresses: BTreeMap<String, BTreeSet<SocketAddr>>,
    /// Kept as long as their address stays.
    clients: BTreeMap<SocketAddr, Arc<dyn Containers>>,
}

impl Names {
    /// The nodes at `names`, each a host and a port, which `reach` reaches.
    pub(crate) fn new(
        names: Vec<String>,
        reach: impl Fn(&str) -> Arc<dyn Containers> + Send + Sync + 'static,
    ) -> Self {
        Self { names, reach: Box::new(reach), known: Mutex::default() }
    }
}

#[async_trait]
impl Discovery for Names {
    /// A name that leads nowhere now leads where it led last; when all do, that is the error.
    async fn nodes(&self) -> Result<Vec<Discovered>, DiscoveryError> {
        let found = join_all(self.names.iter().map(|name| addresses(name))).await;
        let mut known = self.known.lock().await;
        let mut failed = Vec::new();
        for (name, found) in self.names.iter().zip(found) {
            match found {
                Ok(found) => drop(known.addresses.insert(name.clone(), found)),
                Err(error) => failed.push(format!("{name}: {error}")),
            }
        }
        if failed.len() == self.names.len() {
            return Err(DiscoveryError(failed.join("; ")));
        }
        Ok(known.discovered(&self.reach))
    }
}

impl Known {
    fn discovered(&mut self, reach: &Reach) -> Vec<Discovered> {
        let all: BTreeSet<SocketAddr> = self.addresses.values().flatten().copied().collect();
        self.clients.retain(|address, _| all.contains(address));
        for address in all {
            self.clients.entry(address).or_insert_with(|| reach(&address.to_string()));
        }
        let found = |(address, containers): (&SocketAddr, &Arc<dyn Containers>)| Discovered {
            address: address.to_string(),
            containers: containers.clone(),
        };
        self.clients.iter().map(found).collect()
    }
}

async fn addresses(name: &str) -> std::io::Result<BTreeSet<SocketAddr>> {
    let found = timeout(ANSWER, lookup_host(name)).await;
    let found = found.map_err(|_| std::io::Error::from(std::io::ErrorKind::TimedOut))??;
    Ok(of_one_kind(found.collect()))
}

/// A node with two kinds of addresses is one: it is known by that of IPv4.
fn of_one_kind(mut addresses: BTreeSet<SocketAddr>) -> BTreeSet<SocketAddr> {
    if addresses.iter().any(SocketAddr::is_ipv4) {
        addresses.retain(SocketAddr::is_ipv4);
    }
    addresses
}

#[cfg(test)]
mod tests {
    use simulay_containers::scripted::Scripted;

    use super::*;

    fn names(names: &[&str]) -> Names {
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        Names::new(names, |_| Arc::new(Scripted::new()))
    }

    #[tokio::test]
    async fn an_address_that_stays_keeps_its_client() {
        let names = names(&["127.0.0.1:7375", "127.0.0.2:7375", "127.0.0.1:7375"]);
        let (before, after) = (names.nodes().await.unwrap(), names.nodes().await.unwrap());
        let addresses: Vec<&str> = before.iter().map(|node| node.address.as_str()).collect();
        assert_eq!(addresses, ["127.0.0.1:7375", "127.0.0.2:7375"]);
        for (before, after) in before.iter().zip(&after) {
            assert!(Arc::ptr_eq(&before.containers, &after.containers));
        }
    }

    #[tokio::test]
    async fn a_name_that_leads_nowhere_costs_only_itself() {
        let names = names(&["127.0.0.1:7375", "nowhere.invalid:7375"]);
        assert_eq!(names.nodes().await.unwrap().len(), 1);
        let nowhere = super::tests::names(&["nowhere.invalid:7375", "no port"]);
        let told = nowhere.nodes().await.err().unwrap().to_string();
        assert!(told.contains("nowhere.invalid:7375") && told.contains("no port"), "{told}");
    }

    #[test]
    fn a_name_with_addresses_of_both_kinds_leads_to_each_node_once() {
        let four = SocketAddr::from(([127, 0, 0, 1], 7375));
        let six = SocketAddr::from(([0, 0, 0, 0, 0, 0, 0, 1], 7375));
        assert_eq!(of_one_kind([four, six].into()), [four].into());
        assert_eq!(of_one_kind([six].into()), [six].into());
    }

    #[test]
    fn an_address_that_is_gone_is_no_node() {
        let (mut known, address) = (Known::default(), SocketAddr::from(([127, 0, 0, 1], 7375)));
        let reach = |_: &str| -> Arc<dyn Containers> { Arc::new(Scripted::new()) };
        known.addresses.insert("tasks.containers:7375".to_owned(), [address].into());
        assert_eq!(known.discovered(&reach).len(), 1);
        known.addresses.insert("tasks.containers:7375".to_owned(), BTreeSet::new());
        assert!(known.discovered(&reach).is_empty() && known.clients.is_empty());
    }
}
