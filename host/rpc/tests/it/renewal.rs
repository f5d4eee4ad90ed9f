//! Certificates are replaced while they are in use.

use std::sync::Arc;
use std::time::Duration;

use simulay_containers::conformance::calls;
use simulay_containers::scripted::Memory;
use simulay_containers::{Execution as _, Inventory as _};
use simulay_model::Ending;
use simulay_rpc::{Credentials, NodeClient, Role};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::authority::{Authority, expired, write};
use crate::raw::is_greeted;
use crate::rig::{Node, loopback, scripted, settings};

/// The credentials of a node and of a runner, in their files.
struct Files {
    node: TempDir,
    runner: TempDir,
}

impl Files {
    fn write(&self, authorities: &str, authority: &Authority) {
        for (role, folder) in [(Role::Containers, &self.node), (Role::Runner, &self.runner)] {
            write(authorities, &authority.sign(&authority.params(role)), folder.path());
        }
    }
}

async fn until(mut is_so: impl AsyncFnMut() -> bool) {
    while !is_so().await {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn client(node: &Node, credentials: &Credentials) -> NodeClient {
    NodeClient::new(&node.address.to_string(), credentials, settings())
}

/// Connects again and again until `stop`; how often.
async fn load(address: String, credentials: Credentials, stop: CancellationToken) -> usize {
    let mut connections = 0;
    while !stop.is_cancelled() {
        NodeClient::new(&address, &credentials, settings()).ping().await.unwrap();
        connections += 1;
    }
    connections
}

#[tokio::test]
async fn an_authority_and_what_it_signed_are_replaced_under_load() {
    let cluster = Uuid::new_v4();
    let (old, new) = (Authority::of(cluster), Authority::of(cluster));
    let both = old.pem() + &new.pem();
    let files = Files { node: TempDir::new().unwrap(), runner: TempDir::new().unwrap() };
    files.write(&old.pem(), &old);
    let containers = scripted();
    let served = Arc::new(containers.clone());
    let node = Node::at(loopback(), Credentials::read(files.node.path()).unwrap(), served.clone());
    let runner = Credentials::read(files.runner.path()).unwrap();
    let (stop, shown) =
        (CancellationToken::new(), |authority: &Authority| authority.sign(&authority.params(Role::Runner)));
    let loaded = tokio::spawn(load(node.address.to_string(), runner.clone(), stop.clone()));
    // One call goes through it all.
    let (request, memory) = (calls::request(calls::waiting("adopted")), Memory::new());
    let long = client(&node, &runner);
    let replaced = async {
        memory.printed("\n").await;
        // Both are believed, by either side.
        files.write(&both, &old);
        let witness = new.sign(&new.params(Role::Containers));
        let witness = Node::at(loopback(), crate::authority::credentials(&both, &witness), served);
        until(async || client(&witness, &runner).ping().await.is_ok()).await;
        until(async || is_greeted(node.address, &old.pem(), Some(&shown(&new))).await).await;
        // The new one is shown.
        files.write(&both, &new);
        until(async || is_greeted(node.address, &new.pem(), Some(&shown(&old))).await).await;
        until(async || client(&witness, &runner).ping().await.is_ok()).await;
        // The old one is not believed any more.
        files.write(&new.pem(), &new);
        until(async || !is_greeted(node.address, &new.pem(), Some(&shown(&old))).await).await;
        stop.cancel();
        containers.release("adopted");
    };
    let (ended, ()) = tokio::join!(long.run(request, &memory, CancellationToken::new()), replaced);
    assert_eq!(ended.unwrap().ending, Ending::Exited(0));
    assert!(loaded.await.unwrap() > 0);
}

#[tokio::test]
async fn files_that_do_not_do_leave_what_was_there() {
    let authority = Authority::new();
    let files = Files { node: TempDir::new().unwrap(), runner: TempDir::new().unwrap() };
    files.write(&authority.pem(), &authority);
    let credentials = Credentials::read(files.node.path()).unwrap();
    let node = Node::at(loopback(), credentials, Arc::new(scripted()));
    let runner = Credentials::read(files.runner.path()).unwrap();
    let ended = authority.sign(&expired(authority.params(Role::Containers)));
    for (file, content) in
        [("tls.key", "nonsense"), ("tls.crt", ""), ("tls.crt", &ended.certificate), ("ca.crt", "-----BEGIN")]
    {
        std::fs::write(files.node.path().join(file), content).unwrap();
        let why = Credentials::read(files.node.path()).map(drop).unwrap_err();
        assert!(why.to_string().contains(file), "{why}");
        // Longer than it takes to look again.
        tokio::time::sleep(Duration::from_millis(1100)).await;
        client(&node, &runner).ping().await.unwrap();
        files.write(&authority.pem(), &authority);
    }
}

#[tokio::test]
async fn a_process_stays_who_it_is() {
    let authority = Authority::new();
    let files = Files { node: TempDir::new().unwrap(), runner: TempDir::new().unwrap() };
    files.write(&authority.pem(), &authority);
    let credentials = Credentials::read(files.node.path()).unwrap();
    let node = Node::at(loopback(), credentials.clone(), Arc::new(scripted()));
    let runner = Credentials::read(files.runner.path()).unwrap();
    let known = credentials.identity();
    write(&authority.pem(), &authority.sign(&authority.params(Role::Runner)), files.node.path());
    // Longer than it takes to look again.
    tokio::time::sleep(Duration::from_millis(1100)).await;
    client(&node, &runner).ping().await.unwrap();
    assert_eq!(credentials.identity(), known);
}
