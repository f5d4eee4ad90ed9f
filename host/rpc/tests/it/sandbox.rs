//! A sandbox behind a connection is like any other.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde_json::json;
use simulay_containers::{ContainerError, Execution as _, Inventory as _};
use simulay_model::{ContainerName, Digest, Failure, Request, RunId};
use simulay_rpc::{Credentials, RemoteInventory, RemoteSandbox, Role, RpcSettings};
use simulay_sandbox::conformance::{Subject, check, scripts};
use simulay_sandbox::{Call, CallError, Code, InspectError, ReadArtifacts, Sandbox, ScriptedSandbox};
use tokio::net::TcpListener;
use tokio_util::sync::DropGuard;

use crate::authority::Authority;
use crate::process::serving;
use crate::rig::{loopback, settings};

/// A runner that serves the plugins of the suite.
async fn runner(credentials: Credentials) -> (SocketAddr, DropGuard) {
    serving(scripts::sandbox(&scripts::plugins(), &scripts::settings()), credentials).await
}

fn sandbox(addresses: &[SocketAddr], credentials: Credentials) -> RemoteSandbox {
    let addresses = addresses.iter().map(ToString::to_string).collect();
    RemoteSandbox::new(addresses, credentials, settings())
}

#[tokio::test]
async fn the_sandbox_of_another_process_is_like_any_other() {
    let authority = Authority::new();
    let (address, _stop) = runner(authority.credentials(Role::Runner)).await;
    let sandbox = sandbox(&[address], authority.credentials(Role::Api));
    let (settings, plugins) = (scripts::settings(), scripts::plugins());
    check(&Subject { sandbox: &sandbox, settings: &settings, plugins: &plugins }).await;
}

#[tokio::test]
async fn another_runner_answers_when_one_is_gone() {
    let authority = Authority::new();
    let (alive, _stop) = runner(authority.credentials(Role::Runner)).await;
    let gone = TcpListener::bind(loopback()).await.unwrap().local_addr().unwrap();
    let sandbox = sandbox(&[alive, gone], authority.credentials(Role::Api));
    for _ in 0..4 {
        let inspected = sandbox.inspect(scripts::plugins().echo).await.unwrap();
        assert_eq!(inspected.manifest, scripts::plugins().manifest);
    }
}

#[tokio::test]
async fn another_runner_tells_what_there_is_when_one_is_gone_or_silent() {
    let authority = Authority::new();
    let (alive, _stop) = runner(authority.credentials(Role::Runner)).await;
    let silent = TcpListener::bind(loopback()).await.unwrap();
    let gone = TcpListener::bind(loopback()).await.unwrap().local_addr().unwrap();
    let patient = RpcSettings { connect: Duration::from_secs(3600), ..settings() };
    let addresses = [silent.local_addr().unwrap(), gone, alive].map(|address| address.to_string());
    let inventory = RemoteInventory::new(&addresses, &authority.credentials(Role::Api), &patient);
    assert_eq!(inventory.list().await.unwrap(), []);
}

#[tokio::test]
async fn an_answer_that_is_more_than_travels_is_the_fault_of_the_plugin() {
    let authority = Authority::new();
    // Each of them is six bytes in JSON.
    let much = || Err(Failure::Simulation("\u{1}".repeat(23 << 20)));
    let plugins = ScriptedSandbox::default();
    let plugins = plugins.with(b"much", scripts::plugins().manifest, move |_, _| Ok(much().into()));
    let (address, _stop) = serving(plugins, authority.credentials(Role::Runner)).await;
    let sandbox = sandbox(&[address], authority.credentials(Role::Api));
    let call = Call::PreProcess(Request { params: json!(null).into(), inputs: Vec::new(), seed: 0 });
    let called = sandbox.call(Digest::of(b"much"), &NoCode, call, Arc::new(NoArtifacts)).await;
    assert!(matches!(called, Err(CallError::ResultTooLarge(_))), "{called:?}");
}

struct NoCode;

#[async_trait]
impl Code for NoCode {
    async fn load(&self, _: Digest) -> io::Result<Arc<[u8]>> {
        Err(io::ErrorKind::NotFound.into())
    }
}

struct NoArtifacts;

impl ReadArtifacts for NoArtifacts {
    fn read(&self, _: Digest, _: u64, _: u64) -> io::Result<Vec<u8>> {
        Err(io::ErrorKind::NotFound.into())
    }
}

#[tokio::test]
async fn a_role_that_needs_no_sandbox_has_none() {
    let authority = Authority::new();
    let (address, _stop) = runner(authority.credentials(Role::Runner)).await;
    for (role, allowed) in [(Role::Api, true), (Role::Runner, false), (Role::Containers, false)] {
        let sandbox = sandbox(&[address], authority.credentials(role));
        let inspected = sandbox.inspect(scripts::plugins().echo).await;
        assert_eq!(inspected.is_ok(), allowed, "{role}: {inspected:?}");
        let inventory =
            RemoteInventory::new(&[address.to_string()], &authority.credentials(role), &settings());
        assert_eq!(inventory.images().await.is_ok(), allowed, "{role}");
    }
}

#[tokio::test]
async fn a_server_of_another_role_is_not_believed() {
    let authority = Authority::new();
    for role in [Role::Api, Role::Containers] {
        let (address, _stop) = runner(authority.credentials(role)).await;
        let sandbox = sandbox(&[address], authority.credentials(Role::Api));
        let inspected = sandbox.inspect(scripts::plugins().echo).await;
        assert!(matches!(inspected, Err(InspectError::Host(_))), "{role}: {inspected:?}");
    }
}

#[tokio::test]
async fn whoever_has_the_inventory_only_starts_nothing() {
    let authority = Authority::new();
    let (address, _stop) = runner(authority.credentials(Role::Runner)).await;
    let credentials = authority.credentials(Role::Api);
    let inventory = RemoteInventory::new(&[address.to_string()], &credentials, &settings());
    assert_eq!(inventory.list().await.unwrap(), []);
    let name = ContainerName { run: RunId::generate(), step: 0, call: 0, attempt: 0 };
    assert!(matches!(inventory.remove(name, None).await, Err(ContainerError::Closed)));
}
