//! How runners are.

use std::net::SocketAddr;
use std::sync::Arc;

use async_trait::async_trait;
use simulay_model::{MissingPart, ProcessStatus};
use simulay_rpc::{Credentials, Process, RemoteRunners, Role, ServedByRunner, serve_runner};
use simulay_sandbox::ScriptedSandbox;
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::authority::Authority;
use crate::rig::{loopback, scripted, settings};

/// A runner that has work.
struct Busy;

fn status() -> ProcessStatus {
    let missing = vec![MissingPart { part: "signals".to_owned(), why: "silence".to_owned() }];
    ProcessStatus { name: "north".to_owned(), active_runs: 3, missing, ..ProcessStatus::default() }
}

#[async_trait]
impl Process for Busy {
    async fn status(&self) -> ProcessStatus {
        status()
    }
}

/// A runner that serves `sandbox`. Whoever listens at [`loopback`] comes before it.
pub(crate) async fn serving(sandbox: ScriptedSandbox, credentials: Credentials) -> (SocketAddr, DropGuard) {
    let listener = TcpListener::bind("127.0.0.2:0").await.unwrap();
    let (address, stop) = (listener.local_addr().unwrap(), CancellationToken::new());
    let (sandbox, stopped) = (Arc::new(sandbox), stop.clone());
    tokio::spawn(async move {
        let served = ServedByRunner { sandbox, inventory: Arc::new(scripted()), process: Arc::new(Busy) };
        serve_runner(listener, credentials, &settings(), served, stopped).await.unwrap();
    });
    (address, stop.drop_guard())
}

fn runners(addresses: &[SocketAddr], credentials: &Credentials) -> RemoteRunners {
    let addresses: Vec<_> = addresses.iter().map(ToString::to_string).collect();
    RemoteRunners::new(&addresses, credentials, &settings())
}

#[tokio::test]
async fn each_runner_tells_how_it_is_and_one_that_is_gone_does_not() {
    let authority = Authority::new();
    let (alive, _stop) = serving(ScriptedSandbox::default(), authority.credentials(Role::Runner)).await;
    let gone = TcpListener::bind(loopback()).await.unwrap().local_addr().unwrap();
    let told = runners(&[alive, gone], &authority.credentials(Role::Api)).statuses().await;
    let [gone_told, alive_told] = told.as_slice() else { panic!("{told:?}") };
    assert_eq!((&gone_told.address, gone_told.told.is_err()), (&gone.to_string(), true), "{told:?}");
    assert_eq!((&alive_told.address, &alive_told.told), (&alive.to_string(), &Ok(Some(status()))));
}

#[tokio::test]
async fn a_role_that_looks_after_nobody_is_told_nothing() {
    let authority = Authority::new();
    let (address, _stop) = serving(ScriptedSandbox::default(), authority.credentials(Role::Runner)).await;
    for role in [Role::Runner, Role::Containers] {
        let told = runners(&[address], &authority.credentials(role)).statuses().await;
        assert!(told[0].told.is_err(), "{role}: {told:?}");
    }
}

#[test]
fn a_status_of_another_version_is_understood() {
    let told: ProcessStatus = serde_json::from_str(r#"{"version": "9.9.9", "mood": "good"}"#).unwrap();
    assert_eq!(told, ProcessStatus { version: "9.9.9".to_owned(), ..ProcessStatus::default() });
}
