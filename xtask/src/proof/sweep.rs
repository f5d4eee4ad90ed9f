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
use crate::process::poll;
use crate::rest::Host;
use crate::server::Server;
use crate::setup::{self, ImageId};

/// For containers to wait for calls.
const SETTLED: Duration = Duration::from_secs(20);
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

/// Sweeps and prints a table, without and with containers that wait for calls; fails when a run did not end as the
/// undisturbed one did.
fn prove(place: &Place, octave: &ImageId, arguments: &Arguments) -> anyhow::Result<()> {
    let mut failures = Vec::new();
    for start in [Start::Cold, Start::Warm] {
        println!("calls begin {start:?}");
        failures.extend(sweep(place, octave, arguments, start)?);
    }
    if failures.is_empty() { Ok(()) } else { bail!("{}", failures.join("\n")) }
}

/// How the calls of an undisturbed run begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Start {
    /// Each starts a container of its own.
    Cold,
    /// Each takes one that waits.
    Warm,
}

fn sweep(
    place: &Place,
    octave: &ImageId,
    arguments: &Arguments,
    start: Start,
) -> anyhow::Result<Vec<String>> {
    let folder = tempfile::tempdir()?;
    let proxy = FaultProxy::start(&folder.path().join("docker.sock"), Path::new(DAEMON))?;
    let address = format!("unix://{}", proxy.socket().display());
    let data = folder.path().join("data");
    std::fs::create_dir(&data)?;
    let most = if start == Start::Cold { "0" } else { "6" };
    let variables = [
        ("DOCKER_HOST", address.as_str()),
        ("SIMULAY__POOL__MAX_CONTAINERS", most),
        ("SIMULAY__POOL__MAX_PER_CLASS", most),
    ];
    let server = Server::start_with(place, &data, octave, &variables)?;
    let all = work::prepare(place, &Host::new(server.url()))?;
    let mut witness = Witness::of_host(&data)?;
    let host = Host::new(server.url());
    let trial = Trial { proxy: &proxy, host: &host, start };
    let modes = if arguments.short { SHORT.as_slice() } else { ALL.as_slice() };
    let pipelines = if arguments.short { 1 } else { all.len() };
    let mut failures = Vec::new();
    for work in all.iter().take(pipelines) {
        failures.extend(trial.pipeline(work, modes)?);
    }
    proxy.arm(None);
    let (starts, wrong) = witness.judge()?;
    server.stop()?;
    println!("{starts} attempts had a container, {} of them two or one left behind", wrong.len());
    failures.extend(wrong);
    failures.extend(witness.judge_the_end()?);
    Ok(failures)
}

/// A host at work behind a proxy that fails its requests.
struct Trial<'a> {
    proxy: &'a FaultProxy,
    host: &'a Host,
    start: Start,
}

impl Trial<'_> {
    /// One pipeline with each of its Docker calls failed in each way; what went wrong.
    fn pipeline(&self, work: &Work, modes: &[Mode]) -> anyhow::Result<Vec<String>> {
        self.proxy.arm(None);
        let mut expected = work::outcome(&self.host.run(work.pipeline, &work.request)?)?;
        if self.start == Start::Warm {
            self.settle();
            self.proxy.arm(None);
            expected = work::outcome(&self.host.run(work.pipeline, &work.request)?)?;
        }
        let calls = counted(&self.proxy.heard());
        println!("{}: {} kinds of Docker calls", work.pipeline, calls.len());
        let mut failures = Vec::new();
        for (request, count) in calls {
            for nth in if count > 1 { vec![1, count] } else { vec![1] } {
                let lies = if request == Request::inspection() { LIES.as_slice() } else { &[] };
                for mode in modes.iter().chain(lies) {
                    let fault = Fault { request: request.clone(), nth: Some(nth), mode: *mode };
                    failures.extend(self.disturbed(work, fault, &expected)?);
                }
            }
        }
        Ok(failures)
    }

    /// Waits until containers wait for calls again, or cannot: what is disturbed then tells.
    fn settle(&self) {
        let ready = || {
            let system = self.host.get("/v1/system").ok()?;
            let classes = system.pointer("/nodes/0/pool/classes")?.as_array()?;
            let count = |field| classes.iter().filter_map(|class| class.get(field)?.as_u64()).sum::<u64>();
            (count("ready") > 0 && count("in_making") == 0).then_some(())
        };
        let _ = poll(SETTLED, ready);
    }

    fn disturbed(&self, work: &Work, fault: Fault, expected: &Value) -> anyhow::Result<Option<String>> {
        if self.start == Start::Warm {
            self.settle();
        }
        let which = fault.nth.map_or_else(|| "each".to_owned(), |nth| nth.to_string());
        let what = format!("{} {which}, {}", fault.request, fault.mode);
        self.proxy.arm(Some(fault));
        let begun = Instant::now();
        let run = self.host.run_to_end(work.pipeline, &work.request)?;
        let verdict = match work::outcome(&run) {
            Ok(outcome) if outcome == *expected => "ok".to_owned(),
            Ok(_) => "another outcome".to_owned(),
            Err(error) => error.to_string(),
        };
        let struck = if self.proxy.has_struck() { "" } else { " (did not strike)" };
        println!("  {what:58} {:5.1} s  {verdict}{struck}", begun.elapsed().as_secs_f64());
        Ok((verdict != "ok").then(|| format!("{}: {what}: {verdict}", work.pipeline)))
    }
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
