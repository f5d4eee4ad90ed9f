//! How long a sweep may take, at the load of the moment.

use std::time::Duration;

use simulay_containers::{Capacity, NodeStatus};
use simulay_model::{AccountName, OwnerFilter, Plugin, Principal, Quota};

use crate::overview::LastRuns;
use crate::shared::Shared;
use crate::{EngineError, Planned};

/// For the nodes to say what they have.
const PATIENCE: Duration = Duration::from_secs(2);

/// How long a sweep may take: as its runs would take their turns by now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SweepEstimate {
    /// How many runs it comes of: those that succeeded last.
    pub runs: usize,
    /// What one takes: the median of them, without what they waited for each other.
    pub of_run: Duration,
    /// Runs of the account that have not ended: they come before.
    pub before: u64,
    /// How many runs are at work at once.
    pub at_once: u64,
    /// Until the last has ended.
    pub time: Duration,
}

/// What a sweep asks for.
pub(super) struct Asked<'a> {
    pub(super) plugin: &'a Plugin,
    /// What a run of it does first.
    pub(super) planned: &'a Planned,
    pub(super) points: u32,
    pub(super) max_at_once: Option<u32>,
}

/// How long it may take; none when no run of the version has succeeded.
pub(super) async fn of(
    shared: &Shared,
    principal: &Principal,
    asked: &Asked<'_>,
) -> Result<Option<SweepEstimate>, EngineError> {
    let last = LastRuns::of(&shared.parts, principal, asked.plugin).await?;
    let Some(median) = last.median() else { return Ok(None) };
    let (account, now) = (&principal.account, shared.parts.clock.now());
    let before = shared.quotas.present_use(account, now).await?.unfinished_runs;
    let calls = (asked.planned.calls.len().min(shared.settings.max_containers_per_run) as u64).max(1);
    let places = places(shared, calls, asked.planned.demand).await;
    // More than there are places for waited for each other.
    let of_run = median.mul_f64((places.max(1) as f64 / last.at_once).min(1.0));
    let at_once = at_once(shared, account, asked, (places, calls, before)).await?;
    let turns = before.saturating_add(asked.points.into()).div_ceil(at_once);
    let time = of_run.saturating_mul(u32::try_from(turns).unwrap_or(u32::MAX));
    Ok(Some(SweepEstimate { runs: last.times.len(), of_run, before, at_once, time }))
}

/// As many as there are places for, of which others who have something to do take a half.
async fn at_once(
    shared: &Shared,
    account: &AccountName,
    asked: &Asked<'_>,
    (all, calls, own): (u64, u64, u64),
) -> Result<u64, EngineError> {
    let (settings, quotas) = (&shared.settings, shared.quotas.of(account).await?);
    let unfinished = shared.parts.runs.count_unfinished(&OwnerFilter::Any, settings.max_unfinished_runs);
    let shared_with_others = unfinished.await? as u64 > own;
    let share = if shared_with_others { all / 2 } else { all };
    let of_account = [
        quotas.of(Quota::MaxActiveRuns),
        quotas.of(Quota::MaxContainers).map(|containers| containers / calls),
        asked.max_at_once.map(u64::from),
        Some(asked.points.into()),
    ];
    Ok(of_account.into_iter().flatten().fold(share, u64::min).max(1))
}

/// How many runs may be at work at once, each with so many calls that take so much together.
async fn places(shared: &Shared, calls: u64, demand: Capacity) -> u64 {
    let settings = &shared.settings;
    let runners = match &shared.parts.runners {
        Some(runners) => runners.statuses().await.len().max(1),
        None => 1,
    };
    let mut places = settings.max_active_runs.saturating_mul(runners) as u64;
    if !settings.runs_elsewhere {
        places = places.min(settings.max_containers as u64 / calls);
    }
    // Who does not answer in time bounds nothing.
    let node = tokio::time::timeout(PATIENCE, shared.parts.containers.node()).await;
    match node {
        Ok(Ok(node)) => places.min(room(node, settings.reserve, demand)),
        _ => places,
    }
}

/// How many runs the nodes have room for. One that does not tell what it has bounds nothing.
fn room(node: NodeStatus, reserve: Capacity, demand: Capacity) -> u64 {
    let machines = node.machines().into_iter().filter(|machine| !machine.draining);
    let of_machine = |machine: NodeStatus| match machine.capacity {
        known if known == Capacity::default() => u64::MAX,
        known => 1000 / demand.share_of(known.minus(reserve)).max(1),
    };
    machines.map(of_machine).fold(0, u64::saturating_add)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_have_room_for_as_many_runs_as_fit_on_each() {
        let of = |cpu_milli, memory_mib| Capacity { cpu_milli, memory_mib };
        let machine = |capacity| NodeStatus { capacity, ..NodeStatus::default() };
        assert_eq!(room(machine(of(4000, 4096)), of(0, 96), of(1000, 400)), 4);
        assert_eq!(room(machine(of(4000, 1000)), of(0, 200), of(1000, 400)), 2);
        assert_eq!(room(machine(of(500, 1000)), of(0, 0), of(1000, 400)), 0);
        assert_eq!(room(machine(of(0, 0)), of(0, 512), of(1000, 400)), u64::MAX);
        let away = NodeStatus { draining: true, ..machine(of(4000, 4000)) };
        let nodes = vec![machine(of(4000, 4000)), away, machine(of(2000, 4000))];
        assert_eq!(room(NodeStatus { nodes, ..NodeStatus::default() }, of(0, 0), of(1000, 400)), 6);
    }
}
