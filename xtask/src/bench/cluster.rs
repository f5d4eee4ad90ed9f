//! What a run costs in a cluster, beside `simulay serve` on the same machine in the same minutes; how many requests are
//! accepted by several processes that answer them; how soon a run goes on whose runner died.
//!
//! The servers are those of the tests: MongoDB is one that speaks its protocol, and slower than the real one.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use clap::Args;
use serde_json::json;

use super::runs::{PIPELINE, SCRIPT, median, overhead_of_run};
use crate::build;
use crate::local_cluster::{LocalCluster, Shape};
use crate::place::Place;
use crate::process::{joined, poll};
use crate::rest::{Host, has_ended};
use crate::server::Server;
use crate::setup;

/// Processes that answer requests, at most.
const APIS: usize = 3;
/// How long requests are counted.
const COUNTED: Duration = Duration::from_secs(10);
/// Clients of each process at once.
const CLIENTS: usize = 4;
/// For a run to go on after its runner died.
const FAILOVER: Duration = Duration::from_secs(120);

/// How much is measured.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Runs on either, one after the other.
    #[arg(long, default_value_t = 20)]
    rounds: u32,
}

/// Measures all of it.
pub(super) fn execute(place: &Place, arguments: &Arguments) -> anyhow::Result<()> {
    let octave = setup::for_tests(place)?;
    let program = build::release_host(place)?;
    let (data, shape) = (tempfile::tempdir()?, Shape { apis: APIS, runners: 2 });
    let server = Server::start_program(&program, &place.made("bench-one.log")?, data.path(), &octave, &[])?;
    let mut cluster = LocalCluster::start(place, &program, &octave, shape)?;
    let hosts = [Host::new(server.url()), cluster.api(0)?];
    for host in &hosts {
        host.upload(&std::fs::read(place.plugin(PIPELINE))?)?;
    }
    latency(&hosts, arguments.rounds)?;
    server.stop()?;
    failover(&mut cluster)?;
    acceptance(&cluster)
}

/// Both in turn, so that what else the machine does weighs on both.
fn latency(hosts: &[Host; 2], rounds: u32) -> anyhow::Result<()> {
    let mut times = [Vec::new(), Vec::new()];
    for round in 0..=rounds {
        for (host, times) in hosts.iter().zip(&mut times) {
            let time = overhead_of_run(host, round)?;
            // The first warms caches up and does not count.
            if round > 0 {
                times.push(time);
            }
        }
    }
    let [one, many] = &mut times;
    let (one, many) = (median(one)?, median(many)?);
    println!("median of {rounds} sequential runs, less the script's own time:");
    println!(
        "  simulay serve {one:8.1} ms\n  a cluster     {many:8.1} ms\n  ratio         {:8.2}",
        many / one
    );
    Ok(())
}

/// Kills the runner that has a run at work; the time from there to the end of the run.
fn failover(cluster: &mut LocalCluster) -> anyhow::Result<()> {
    let host = cluster.api(0)?;
    for (how, gently) in [("asked to stop", true), ("killed", false)] {
        let request = json!({ "params": { "script": "pause(3); x = 1;", "params": { "gently": gently } } });
        let run = format!("/v1/runs/{}", host.create(PIPELINE, &request)?);
        let begun =
            || host.get(&run).ok().filter(|run| run.get("state").is_some_and(|state| state == "running"));
        poll(FAILOVER, begun).context("the run does not begin")?;
        let struck = Instant::now();
        // Nobody knows which of them has it: it goes on without either.
        for runner in ["runner-1", "runner-2"] {
            let runner = cluster.process(runner)?;
            if gently {
                runner.stop()
            } else {
                runner.kill()
            }
            runner.revive()?;
        }
        let ended =
            poll(FAILOVER, || host.get(&run).ok().filter(has_ended)).context("the run does not end")?;
        if ended.get("state").is_none_or(|state| state != "succeeded") {
            bail!("a run failed: {ended}");
        }
        let seconds = struck.elapsed().as_secs_f64();
        println!("a run of 3 s whose runner is {how} ends {seconds:.1} s after that");
    }
    Ok(())
}

/// Requests that one, two and three processes accept in a second.
fn acceptance(cluster: &LocalCluster) -> anyhow::Result<()> {
    let mut first = None;
    for apis in 1..=APIS {
        let clients =
            (0..apis * CLIENTS).map(|client| cluster.api(client % apis)).collect::<Result<Vec<_>, _>>()?;
        let accepted: u32 = thread::scope(|scope| {
            let asking: Vec<_> = clients.iter().map(|host| scope.spawn(|| accept(host))).collect();
            asking.into_iter().map(joined).sum()
        });
        let rate = f64::from(accepted) / COUNTED.as_secs_f64();
        let ratio = rate / *first.get_or_insert(rate);
        println!("{apis} api: {rate:6.1} runs accepted/s ({ratio:.2}x of one)");
    }
    Ok(())
}

/// Runs that a client has accepted while it is counted.
fn accept(host: &Host) -> u32 {
    let request = json!({ "params": { "script": SCRIPT } });
    let end = Instant::now() + COUNTED;
    let mut accepted = 0;
    while Instant::now() < end {
        accepted += u32::from(host.create(PIPELINE, &request).is_ok());
    }
    accepted
}
