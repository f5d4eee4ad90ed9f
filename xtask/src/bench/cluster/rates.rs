//! How many runs a cluster accepts and ends in a second, by how many processes there are for it.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use serde_json::json;
use uuid::Uuid;

use super::{APIS, RUNNERS};
use crate::bench::runs::{PIPELINE, SCRIPT};
use crate::local_cluster::LocalCluster;
use crate::process::{joined, poll};
use crate::rest::Host;

/// How long requests are counted.
const COUNTED: Duration = Duration::from_secs(10);
/// Clients of each process at once.
const CLIENTS: usize = 4;
/// It takes runs that start no container.
pub(super) const WITHOUT_CONTAINERS: &str = "mischief";
/// Runs that are counted to their end.
const RUNS: usize = 300;
/// States of runs that have not ended.
pub(super) const OPEN: [&str; 2] = ["queued", "running"];
/// For them to end.
const PATIENCE: Duration = Duration::from_secs(600);

/// Requests that one, two and three processes accept in a second.
pub(super) fn acceptance(cluster: &LocalCluster) -> anyhow::Result<()> {
    let mut first = None;
    for apis in 1..=APIS {
        let accepted: u32 = shared_out(cluster, apis, accept)?.into_iter().sum();
        let rate = f64::from(accepted) / COUNTED.as_secs_f64();
        let ratio = rate / *first.get_or_insert(rate);
        println!("{apis} api: {rate:6.1} runs accepted/s ({ratio:.2}x of one)");
    }
    Ok(())
}

/// Runs without containers that three, two and one process end in a second.
pub(super) fn work(cluster: &mut LocalCluster) -> anyhow::Result<()> {
    let mut all = None;
    for runners in (1..=RUNNERS).rev() {
        let begun = Instant::now();
        let asked = shared_out(cluster, APIS, ask)?;
        asked.into_iter().collect::<anyhow::Result<()>>()?;
        let host = cluster.api(0)?;
        let query = format!("pipeline={WITHOUT_CONTAINERS}");
        poll(PATIENCE, || is_idle(&host, &query).then_some(())).context("the queue does not end")?;
        let rate = RUNS as f64 / begun.elapsed().as_secs_f64();
        let ratio = rate / *all.get_or_insert(rate);
        println!("{runners} runner: {rate:6.1} runs without containers/s ({ratio:.2}x of {RUNNERS})");
        if runners > 1 {
            cluster.process(&format!("runner-{runners}"))?.stop();
        }
    }
    Ok(())
}

/// What `work` gives for each of the clients of `apis` processes at once.
fn shared_out<T: Send>(
    cluster: &LocalCluster,
    apis: usize,
    work: impl Fn(&Host) -> T + Sync,
) -> anyhow::Result<Vec<T>> {
    let clients =
        (0..apis * CLIENTS).map(|client| cluster.api(client % apis)).collect::<anyhow::Result<Vec<_>>>()?;
    let work = &work;
    thread::scope(|scope| {
        let asking: Vec<_> = clients.iter().map(|host| scope.spawn(move || Ok(work(host)))).collect();
        asking.into_iter().map(joined).collect()
    })
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

/// A client's share of the runs without containers. A cluster that has as much to do as it takes is asked again.
fn ask(host: &Host) -> anyhow::Result<()> {
    let request = json!({ "params": { "do": "nothing" } });
    (0..RUNS / (APIS * CLIENTS)).try_for_each(|_| {
        let id = Uuid::now_v7();
        let accepted = || host.create_as(WITHOUT_CONTAINERS, &request, id).ok();
        poll(PATIENCE, accepted).context("a run is not accepted").map(drop)
    })
}

/// True when no run that `query` means waits or works.
pub(super) fn is_idle(host: &Host, query: &str) -> bool {
    let open = |state: &str| host.runs(&format!("state={state}&{query}"));
    OPEN.into_iter().all(|state| open(state).is_ok_and(|runs| runs.is_empty()))
}
