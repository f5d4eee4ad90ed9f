//! Whether a sweep has found what it looks for.

use simulay_model::{OwnerFilter, RunField, RunId, RunState, StopRule, SweepId};
use simulay_store::{PointRun, StoreError};

use super::point_set::PointSet;
use crate::Parts;

/// Points that are looked at together.
const PAGE: u32 = 1_000;
/// Outcomes that are asked for at once: each may be long.
const OUTCOMES: usize = 50;

/// The first run that meets the rule, of those that succeeded and were not `looked_at`. A point that succeeded never has
/// another run.
pub(super) async fn met_by(
    rule: &StopRule,
    sweep: SweepId,
    looked_at: &mut PointSet,
    parts: &Parts,
) -> Result<Option<RunId>, StoreError> {
    let Ok(field) = rule.field() else { return Ok(None) };
    let mut from = 0;
    loop {
        let mut page = parts.sweeps.point_runs(sweep, from, PAGE).await?;
        let Some(last) = page.last() else { return Ok(None) };
        from = last.point.saturating_add(1);
        page.retain(|last| last.state == RunState::Succeeded && !looked_at.has(last.point));
        for some in page.chunks(OUTCOMES) {
            if let Some(run) = first_of(some, rule, &field, parts).await? {
                return Ok(Some(run));
            }
            some.iter().for_each(|last| looked_at.add(last.point));
        }
    }
}

/// The first of these runs that meets the rule. Of their outcomes no more is read than the place that it is about.
async fn first_of(
    some: &[PointRun],
    rule: &StopRule,
    field: &RunField,
    parts: &Parts,
) -> Result<Option<RunId>, StoreError> {
    let runs: Vec<_> = some.iter().map(|last| last.run).collect();
    let said = parts.overview.values(&OwnerFilter::Any, runs.clone(), vec![field.clone()]).await?;
    let is_met =
        |run: &RunId| said.get(run).and_then(|said| said.first()).is_some_and(|it| rule.is_met_by(it));
    Ok(runs.into_iter().find(is_met))
}
