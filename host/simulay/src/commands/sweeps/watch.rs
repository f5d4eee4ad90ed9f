//! `simulay sweeps watch`.

use std::process::ExitCode;
use std::time::Duration;

use simulay_api::wire::{PointCounts, Sweep, SweepState};
use simulay_model::SweepId;

use crate::client::{Client, read};
use crate::fault::FAILED;
use crate::terminal::{print_json_line, say};

/// Between two looks.
const PERIOD: Duration = Duration::from_secs(1);

/// Follows a sweep to its end: a line for each change of where its points are. The exit code is 0 only when all
/// succeeded.
pub(super) async fn execute(client: &Client, id: SweepId, json: bool) -> anyhow::Result<ExitCode> {
    let mut told = None;
    loop {
        let document = client.sweep(id).await?;
        let sweep: Sweep = read(&document)?;
        let state = sweep.summary.state;
        if told != Some((state, sweep.counts)) {
            told = Some((state, sweep.counts));
            if json {
                print_json_line(&document)?;
            } else {
                say(&format!("{state}  {}", counted(&sweep.counts)))?;
            }
        }
        if state.is_end() {
            return Ok(if state == SweepState::Succeeded {
                ExitCode::SUCCESS
            } else {
                ExitCode::from(FAILED)
            });
        }
        tokio::time::sleep(PERIOD).await;
    }
}

/// How many points are where, without those places that have none.
pub(super) fn counted(counts: &PointCounts) -> String {
    let PointCounts { waiting, queued, running, succeeded, failed, cancelled, timed_out, deleted } = *counts;
    let all = [
        (waiting, "waiting"),
        (queued, "queued"),
        (running, "running"),
        (succeeded, "succeeded"),
        (failed, "failed"),
        (cancelled, "cancelled"),
        (timed_out, "timed out"),
        (deleted, "deleted"),
    ];
    let some: Vec<_> =
        all.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
    some.join(", ")
}
