//! What a run costs in a cluster, by way of nginx, beside `simulay serve` on the same machine in the same minutes; how
//! many runs are accepted and ended by several processes; how late events come to many who watch; how soon a run goes
//! on whose runner died.
//!
//! The servers are those of the tests: MongoDB is one that speaks its protocol, and slower than the real one.

mod rates;

use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use clap::Args;
use serde_json::json;

use self::rates::{OPEN, WITHOUT_CONTAINERS, is_idle};
use super::crowd::{self, Seen};
use super::figures::{Target, show};
use super::program::Program;
use super::runs::{PIPELINE, median, overhead_of_run};
use crate::local_cluster::{LocalCluster, Shape};
use crate::place::Place;
use crate::process::poll;
use crate::rest::{Host, has_ended};
use crate::server::Server;
use crate::setup;

/// Processes that answer requests, at most.
const APIS: usize = 3;
/// Processes that work on runs, at most.
const RUNNERS: usize = 3;
/// For a run to go on after its runner died.
const FAILOVER: Duration = Duration::from_secs(120);
/// Processes whose events are watched.
const WATCHED: usize = 2;

/// How much is measured.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    program: Program,
    /// Runs on either, one after the other.
    #[arg(long, default_value_t = 20)]
    rounds: u32,
    /// Clients that follow runs.
    #[arg(long, default_value_t = 1000)]
    watchers: usize,
    /// Seconds that they do.
    #[arg(long, default_value_t = 60)]
    seconds: u64,
}

/// Measures all of it.
pub(super) fn execute(place: &Place, arguments: &Arguments) -> anyhow::Result<()> {
    let octave = setup::for_tests(place)?;
    let program = arguments.program.path(place)?;
    let (data, shape) = (tempfile::tempdir()?, Shape { apis: APIS, runners: RUNNERS });
    let server = Server::start_program(&program, &place.made("bench-one.log")?, data.path(), &octave, &[])?;
    let mut cluster = LocalCluster::start(place, &program, &octave, shape)?;
    let hosts = [Host::new(server.url()), cluster.put_nginx_before(place)?];
    for (host, plugin) in hosts
        .iter()
        .flat_map(|host| [PIPELINE, WITHOUT_CONTAINERS, crowd::PIPELINE].map(|plugin| (host, plugin)))
    {
        host.upload(&std::fs::read(place.plugin(plugin))?)?;
    }
    latency(&hosts, arguments.rounds)?;
    server.stop()?;
    failover(&mut cluster)?;
    watch(&cluster, arguments)?;
    rates::acceptance(&cluster)?;
    settle(&cluster.api(0)?)?;
    rates::work(&mut cluster)
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
        "  simulay serve {one:8.1} ms\n  by nginx      {many:8.1} ms\n  ratio         {:8.2}",
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
        for number in 1..=RUNNERS {
            let runner = cluster.process(&format!("runner-{number}"))?;
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

/// How late events come to many who watch, shared out over two of the processes.
fn watch(cluster: &LocalCluster, arguments: &Arguments) -> anyhow::Result<()> {
    let hosts = (0..WATCHED).map(|number| cluster.api(number)).collect::<anyhow::Result<Vec<_>>>()?;
    let time = Duration::from_secs(arguments.seconds);
    let Seen { mut times, returns } = crowd::follow_runs(&hosts, arguments.watchers, time, || Ok(()))?;
    let (watchers, count) = (arguments.watchers, times.count());
    println!("{watchers} watchers of {WATCHED} api: {count} events, {returns} came back; no gap, none twice");
    show("delivery of an event, p99", times.within(990), "ms", &Target::Below(500.0));
    Ok(())
}

/// Ends what only waits, so that it does not weigh on what is measured next.
fn settle(host: &Host) -> anyhow::Result<()> {
    for state in OPEN {
        host.runs(&format!("state={state}"))?.iter().try_for_each(|run| host.cancel(run))?;
    }
    poll(FAILOVER, || is_idle(host, "").then_some(())).context("what was cancelled does not end")
}
