//! `simulay health`: whether a process of this machine works, for whoever restarts it: exit code 0 or 1.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::Args;
use reqwest::Url;
use simulay_api::wire::{Health, Lack, Problem};

use crate::configuration::{Flags, Settings};
use crate::fault::FAILED;
use crate::terminal::{print_json, say};

/// For an answer: less than those who watch usually wait.
const PATIENCE: Duration = Duration::from_secs(8);

/// Tells whether a process works, and what it lacks; fails when it does not work.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Where it answers [default: `cluster.health` of the settings, or the server of this machine].
    #[arg(long, value_name = "URL")]
    address: Option<Url>,
    /// Fails only when nothing answers: a process that waits for another gains nothing by being restarted.
    #[arg(long)]
    alive: bool,
}

/// Does what is asked.
pub(crate) async fn execute(arguments: Arguments, json: bool) -> anyhow::Result<ExitCode> {
    let addresses = match arguments.address {
        Some(address) => vec![address],
        None => usual(&Settings::load(&Flags::default())?)?,
    };
    let (is_ready, missing) = ask(&addresses).await?;
    if json {
        print_json(&serde_json::json!({ "ready": is_ready, "missing": missing }))?;
    } else {
        say(if is_ready { "ready" } else { "not ready" })?;
        missing.iter().try_for_each(|lack| say(&format!("{}: {}", lack.part, lack.why)))?;
    }
    Ok(if is_ready || arguments.alive { ExitCode::SUCCESS } else { ExitCode::from(FAILED) })
}

/// Where a process of this machine answers.
fn usual(settings: &Settings) -> anyhow::Result<Vec<Url>> {
    let scheme = if settings.server.tls_cert.is_some() { "https" } else { "http" };
    [("http", settings.cluster.health), (scheme, settings.server.listen)]
        .map(|(scheme, listen)| Ok(Url::parse(&format!("{scheme}://{}", reached(listen)))?))
        .into_iter()
        .collect()
}

/// Where one who listens on `listen` is reached from this machine.
const fn reached(listen: SocketAddr) -> SocketAddr {
    use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
    let address = match listen.ip() {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => IpAddr::V6(Ipv6Addr::LOCALHOST),
        address => address,
    };
    SocketAddr::new(address, listen.port())
}

/// What the first says that is there: whether it is ready, and what it lacks.
async fn ask(addresses: &[Url]) -> anyhow::Result<(bool, Vec<Lack>)> {
    // A process of this machine is told nothing: by whose certificate it is known does not matter, and where the
    // machine knows no authorities there is an answer too.
    let http = reqwest::Client::builder().no_proxy().timeout(PATIENCE).tls_danger_accept_invalid_certs(true);
    let http = http.build()?;
    for address in addresses {
        match http.get(address.join("/readyz")?).send().await {
            Err(error) if error.is_connect() => {}
            answer => {
                return read(answer?).await.with_context(|| format!("{address} is no process of Simulay"));
            }
        }
    }
    let tried: Vec<_> = addresses.iter().map(Url::as_str).collect();
    bail!("nothing answers at {}", tried.join(" or "))
}

async fn read(answer: reqwest::Response) -> anyhow::Result<(bool, Vec<Lack>)> {
    let status = answer.status().as_u16();
    let body = answer.bytes().await?;
    if status == 200 {
        let Health { missing, .. } = serde_json::from_slice(&body)?;
        return Ok((true, missing));
    }
    let problem: Problem = serde_json::from_slice(&body)?;
    let alone = || vec![Lack { part: "host".to_owned(), why: problem.detail.clone() }];
    Ok((false, if problem.missing.is_empty() { alone() } else { problem.missing }))
}
