//! Fails every Docker call of three pipelines in every way, one at a time.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::bail;
use clap::Args;
use serde_json::Value;
use simulay_fault_proxy::{Fault, FaultProxy, Lie, Mode, Request};

use super::witness::Witness;
use super::work::{self, Work};
use crate::place::Place;
use crate::rest::Host;
use crate::server::Server;
use crate::setup::{self, ImageId};

const DAEMON: &str = "/var/run/docker.sock";
const SHORT: [Mode; 3] = [Mode::LostRequest, Mode::LostAnswer, Mode::ServerError];
/// What a look at a container may be answered with besides.
const LIES: [Mode; 2] = [Mode::Lie(Lie::EndedEarly), Mode::Lie(Lie::NothingOfMemory)];
const ALL: [Mode; 8] = [
    Mode::LostRequest,
    Mode::LostAnswer,
    Mode::ServerError,
    Mode::Conflict,
    Mode::Garbage,
    Mode::Cut,
    Mode::Late(Duration::from_secs(3)),
    Mode::Hang(Duration::from_secs(60)),
];

/// How much of it.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// One pipeline and three ways to fail, instead of three and eight.
    #[arg(long)]
    short: bool,
}

/// Sets up and sweeps.
pub(crate) fn execute(place: &Place, arguments: &Arguments) -> anyhow::Result<()> {
    prove(place, &setup::everything(place)?, arguments)
}

/// What the tests do, where everything is set up.
pub(crate) fn short(place: &Place, octave: &ImageId) -> anyhow::Result<()> {
    prove(place, octave, &Arguments { short: true })
}

/// Sweeps and prints a table; fails when a run did not end as the undisturbed one did.
fn prove(place: &Place, octave: &ImageId, arguments: &Arguments) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let proxy = FaultProxy::start(&folder.path().join("docker.sock"), Path::new(DAEMON))?;
    let address = format!("unix://{}", proxy.socket().display());
    let data = folder.path().join("data");
    std::fs::create_dir(&data)?;
    let server = Server::start_with(place, &data, octave, &[("DOCKER_HOST", &address)])?;
    let all = work::prepare(place, &Host::new(server.url()))?;
    let witness = Witness::of_host(&data)?;
    let host = Host::new(server.url());
    let modes = if arguments.short { SHORT.as_slice() } else { ALL.as_slice() };
    let pipelines = if arguments.short { 1 } else { all.len() };
    let mut failures = Vec::new();
    for work in all.iter().take(pipelines) {
        failures.extend(pipeline(&proxy, &host, work, modes)?);
    }
    proxy.arm(None);
    let (starts, wrong) = witness.judge()?;
    server.stop()?;
    println!("{starts} containers started, {} of them twice or left behind", wrong.len());
    failures.extend(wrong);
    if failures.is_empty() { Ok(()) } else { bail!("{}", failures.join("\n")) }
}

/// One pipeline with each of its Docker calls failed in each way; what went wrong.
fn pipeline(proxy: &FaultProxy, host: &Host, work: &Work, modes: &[Mode]) -> anyhow::Result<Vec<String>> {
    proxy.arm(None);
    let expected = work::outcome(&host.run(work.pipeline, &work.request)?)?;
    let calls = counted(&proxy.heard());
    println!("{}: {} kinds of Docker calls", work.pipeline, calls.len());
    let mut failures = Vec::new();
    for (request, count) in calls {
        for nth in if count > 1 { vec![1, count] } else { vec![1] } {
            let lies = if request == Request::inspection() { LIES.as_slice() } else { &[] };
            for mode in modes.iter().chain(lies) {
                let fault = Fault { request: request.clone(), nth: Some(nth), mode: *mode };
                failures.extend(disturbed(proxy, host, work, fault, &expected)?);
            }
        }
    }
    Ok(failures)
}

/// How often each request was heard.
fn counted(heard: &[Request]) -> BTreeMap<Request, usize> {
    let mut counts = BTreeMap::new();
    // The others go on in the background, at moments of their own.
    for request in heard.iter().filter(|request| request.to_string().contains("/containers/")) {
        *counts.entry(request.clone()).or_default() += 1;
    }
    counts
}

fn disturbed(
    proxy: &FaultProxy,
    host: &Host,
    work: &Work,
    fault: Fault,
    expected: &Value,
) -> anyhow::Result<Option<String>> {
    let which = fault.nth.map_or_else(|| "each".to_owned(), |nth| nth.to_string());
    let what = format!("{} {which}, {}", fault.request, fault.mode);
    proxy.arm(Some(fault));
    let begun = Instant::now();
    let run = host.run_to_end(work.pipeline, &work.request)?;
    let verdict = match work::outcome(&run) {
        Ok(outcome) if outcome == *expected => "ok".to_owned(),
        Ok(_) => "another outcome".to_owned(),
        Err(error) => error.to_string(),
    };
    let struck = if proxy.has_struck() { "" } else { " (did not strike)" };
    println!("  {what:58} {:5.1} s  {verdict}{struck}", begun.elapsed().as_secs_f64());
    Ok((verdict != "ok").then(|| format!("{}: {what}: {verdict}", work.pipeline)))
}
