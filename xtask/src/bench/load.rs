//! How a host bears a long queue, many who watch, and a long past. Docker and Octave are real.

mod large;
mod past;
mod queue;
mod watchers;

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use clap::Args;
use serde_json::Value;

use super::clients;
use super::figures::Times;
use super::program::Program;
use crate::place::Place;
use crate::process::{poll, run};
use crate::rest::Host;
use crate::server::Server;
use crate::setup::{self, ImageId};

/// Requests at once.
const CLIENTS: usize = 4;
/// Containers at once.
const PARALLEL: usize = 4;
const LISTS: usize = 300;
/// For all that was cancelled to end.
const CANCEL: Duration = Duration::from_secs(300);
const READY: Duration = Duration::from_secs(60);
const MIB: f64 = 1_048_576.0;

/// How much of it.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    program: Program,
    /// Runs in the queue.
    #[arg(long, default_value_t = 10_000)]
    queued: usize,
    /// Runs of the queue that are waited for.
    #[arg(long, default_value_t = 200)]
    ended: usize,
    /// Runs of the queue with large parameters; as many as two thirds of the free disk take.
    #[arg(long, default_value_t = 10_000)]
    large: usize,
    /// Runs of the past.
    #[arg(long, default_value_t = 100_000)]
    stored: usize,
    /// Clients that follow runs.
    #[arg(long, default_value_t = 500)]
    watchers: usize,
    /// Minutes that they do.
    #[arg(long, default_value_t = 3)]
    minutes: u64,
}

/// Measures a host built for release.
pub(super) fn execute(place: &Place, arguments: &Arguments) -> anyhow::Result<()> {
    let octave = setup::everything(place)?;
    let program = arguments.program.path(place)?;
    let scene = Scene { place, octave, program };
    // What is asked for none times is left out.
    if arguments.large > 0 {
        large::measure(&scene, arguments.large)?;
    }
    if arguments.queued > 0 {
        queue::measure(&scene, arguments.queued, arguments.ended)?;
    }
    if arguments.watchers > 0 {
        watchers::measure(&scene, arguments.watchers, Duration::from_secs(60 * arguments.minutes))?;
    }
    if arguments.stored > 0 {
        past::measure(&scene, arguments.stored)?;
    }
    Ok(())
}

/// Where it happens.
struct Scene<'a> {
    place: &'a Place,
    octave: ImageId,
    program: PathBuf,
}

/// A directory with settings for much work, and `more` of `[runs]`.
fn data(more: &str) -> anyhow::Result<tempfile::TempDir> {
    let data = tempfile::tempdir()?;
    let settings = format!(
        "[runs]\nmax_unfinished = 1000000\nmax_containers = {PARALLEL}\n{more}[log]\nfilter = \"warn\"\n"
    );
    fs::write(data.path().join("simulay.toml"), settings)?;
    Ok(data)
}

impl Scene<'_> {
    fn start(&self, data: &tempfile::TempDir) -> anyhow::Result<Server> {
        let log = self.place.made("server.log")?;
        Server::start_program(&self.program, &log, data.path(), &self.octave, &[])
    }

    /// A host that is ready, and how long it took to be.
    fn start_timed(&self, data: &tempfile::TempDir) -> anyhow::Result<(Server, Duration)> {
        let begun = Instant::now();
        let server = self.start(data)?;
        let host = Host::new(server.url());
        poll(READY, || host.get("/readyz").ok()).context("the host is not ready")?;
        Ok((server, begun.elapsed()))
    }

    fn upload(&self, server: &Server, plugins: &[&str]) -> anyhow::Result<()> {
        let upload = |plugin: &&str| {
            let upload = ["plugin", "upload", "--server", server.url()];
            run(Command::new(&self.program).args(upload).arg(self.place.plugin(plugin)))
        };
        plugins.iter().try_for_each(upload)
    }
}

/// Does `work` with the numbers below `count` on several clients at once; how long each took.
fn all_at_once(
    url: &str,
    count: usize,
    work: impl Fn(&Host, usize) -> anyhow::Result<()> + Sync,
) -> anyhow::Result<Times> {
    clients::all_at_once(CLIENTS, count, || Host::new(url), |host, number| work(host, number))
}

/// How long pages of runs take.
fn lists(host: &Host, queries: &[&str]) -> anyhow::Result<Times> {
    let mut times = Times::default();
    for query in queries.iter().cycle().take(LISTS) {
        let begun = Instant::now();
        host.get(&format!("/v1/runs?{query}"))?;
        times.add(begun.elapsed());
    }
    Ok(times)
}

/// How many runs of `query` there are, and the id of the oldest.
fn count(host: &Host, query: &str) -> anyhow::Result<(usize, Option<String>)> {
    let (mut count, mut oldest, mut cursor) = (0, None, String::new());
    loop {
        let page = host.get(&format!("/v1/runs?limit=100&{query}{cursor}"))?;
        let runs = page.get("runs").and_then(Value::as_array).context("the host gave no runs")?;
        count += runs.len();
        let last = runs.last().and_then(|run| run.get("id")).and_then(Value::as_str);
        oldest = last.map(str::to_owned).or(oldest);
        match page.get("next_cursor").and_then(Value::as_str) {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return Ok((count, oldest)),
        }
    }
}

/// Ends what is left, so that no container is.
fn cancel_all(url: &str) -> anyhow::Result<()> {
    let host = Host::new(url);
    let mut open = Vec::new();
    for state in ["queued", "running"] {
        open.extend(host.runs(&format!("state={state}"))?);
    }
    all_at_once(url, open.len(), |host, number| {
        let Some(run) = open.get(number) else { return Ok(()) };
        host.cancel(run)
    })?;
    let left = || Some(count(&host, "state=running").ok()?.0 + count(&host, "state=queued").ok()?.0);
    poll(CANCEL, || left().filter(|left| *left == 0)).context("what was cancelled does not end")?;
    Ok(())
}
