//! Whether what was promised of a run was kept.

use std::collections::HashMap;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use serde_json::Value;

use super::ledger::Ledger;
use super::work;
use crate::rest::{Host, has_ended};

/// The time in which everything accepted must end after the last start.
const PATIENCE: Duration = Duration::from_secs(300);
const LOOK: Duration = Duration::from_millis(100);

/// Waits until all accepted runs have ended, and says which promises were broken.
pub(super) fn judge(
    host: &Host,
    ledger: &Ledger,
    references: &HashMap<&'static str, Value>,
) -> anyhow::Result<Vec<String>> {
    let end = Instant::now() + PATIENCE;
    let mut broken = Vec::new();
    let accepted = ledger.accepted();
    for (number, (id, pipeline)) in accepted.iter().enumerate() {
        let expected = references.get(pipeline).context("no reference")?;
        let why = judge_run(host, id, expected, end).err();
        broken.extend(why.map(|why| format!("run {id} of {pipeline}: {why:#}")));
        if number % 50 == 49 {
            println!("  {} of {} runs looked at", number + 1, accepted.len());
        }
    }
    Ok(broken)
}

fn judge_run(host: &Host, id: &str, expected: &Value, end: Instant) -> anyhow::Result<()> {
    let run = loop {
        let run = host.get(&format!("/v1/runs/{id}")).context("it is lost")?;
        if has_ended(&run) {
            break run;
        }
        if Instant::now() > end {
            bail!("it does not end");
        }
        thread::sleep(LOOK);
    };
    if work::outcome(&run)? != *expected {
        bail!("it has another outcome than the undisturbed one");
    }
    let events = host.events(id)?;
    let gapless = events.iter().zip(1..).all(|((sequence, _), number)| *sequence == number);
    let ends = events.iter().filter(|(_, kind)| kind == "run.ended").count();
    let last = events.last().is_some_and(|(_, kind)| kind == "run.ended");
    if gapless && ends == 1 && last { Ok(()) } else { bail!("its events are not in order: {events:?}") }
}
