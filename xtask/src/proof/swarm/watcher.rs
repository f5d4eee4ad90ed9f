//! Somebody who follows runs event by event and uploads inputs, whatever happens to the cluster.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::bail;
use fastrand::Rng;

use super::super::work::Work;
use crate::digest;
use crate::rest::Host;

const INPUT: usize = 24 << 20;
const PAUSE: Duration = Duration::from_millis(200);
/// The time in which a run must end.
const PATIENCE: Duration = Duration::from_secs(300);

/// What was seen.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// Runs that were asked for.
    pub(super) runs: BTreeSet<String>,
    pub(super) followed: u32,
    pub(super) uploaded: u32,
    pub(super) broken: Vec<String>,
}

/// Who looks.
pub(super) struct Watcher<'a> {
    hosts: &'a [Host],
    all: &'a [Work],
    rng: Rng,
}

impl<'a> Watcher<'a> {
    pub(super) fn new(hosts: &'a [Host], all: &'a [Work], seed: u64) -> Self {
        Self { hosts, all, rng: Rng::with_seed(seed) }
    }

    /// Uploads and follows until it is over.
    pub(super) fn watch(mut self, over: &AtomicBool) -> Seen {
        let mut seen = Seen::default();
        while !over.load(Ordering::Relaxed) {
            match self.upload() {
                Ok(()) => seen.uploaded += 1,
                Err(error) => seen.broken.push(format!("an upload: {error:#}")),
            }
            match self.follow(&mut seen.runs) {
                Ok(()) => seen.followed += 1,
                Err(error) => seen.broken.push(format!("what was followed: {error:#}")),
            }
        }
        seen
    }

    /// Asks until there is an answer, now by way of one node, now of another.
    fn insist<T>(&mut self, mut ask: impl FnMut(&Host) -> anyhow::Result<T>) -> anyhow::Result<T> {
        let end = Instant::now() + PATIENCE;
        loop {
            let answer = self.rng.choice(self.hosts).map(&mut ask);
            match answer {
                Some(Ok(answer)) => return Ok(answer),
                Some(Err(error)) if Instant::now() > end => return Err(error),
                Some(Err(_)) => thread::sleep(PAUSE),
                None => bail!("there is no node"),
            }
        }
    }

    /// Uploads an input as often as it takes; it must then be there as it is.
    fn upload(&mut self) -> anyhow::Result<()> {
        let bytes: Vec<u8> = std::iter::repeat_with(|| self.rng.u8(..)).take(INPUT).collect();
        let told = self.insist(|host| host.input(&bytes))?;
        if told != digest::sha256(&bytes) {
            bail!("it is told to be another than it is: {told}");
        }
        self.insist(|host| host.has_input(&told))
    }

    /// Follows a run to its end on as many connections as it takes; no event may be missed or come twice.
    fn follow(&mut self, runs: &mut BTreeSet<String>) -> anyhow::Result<()> {
        let Some(work) = self.rng.choice(self.all).cloned() else { bail!("there is no work") };
        let key = format!("{:032x}", self.rng.u128(..));
        let run = self.insist(|host| host.create_once(work.pipeline, &work.request, &key))?;
        runs.insert(run.clone());
        let (mut last, mut gap, mut ended) = (0, None, false);
        self.insist(|host| {
            host.follow(&run, last, |told| {
                if told.sequence != last + 1 && gap.is_none() {
                    gap = Some(format!("run {run}: event {} comes after {last}", told.sequence));
                }
                (last, ended) = (told.sequence, told.kind == "run.ended");
                Ok(true)
            })?;
            if ended { Ok(()) } else { bail!("it goes on") }
        })?;
        gap.map_or(Ok(()), |gap| bail!(gap))
    }
}
