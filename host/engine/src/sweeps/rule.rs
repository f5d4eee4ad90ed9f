//! Whether a sweep has found what it looks for.

use simulay_model::{OwnerFilter, RunId, RunState, StopRule, SweepId};
use simulay_store::StoreError;

use crate::Parts;

/// Points that are looked at together.
const PAGE: u32 = 1_000;

/// The points of a sweep whose outcome does not meet its rule: one that succeeded never has another run.
#[derive(Default)]
pub(super) struct Looked(Vec<bool>);

impl Looked {
    /// The first run that meets the rule, of those that were not looked at. Of their outcomes no more is read than the
    /// place that the rule is about.
    pub(super) async fn meets(
        &mut self,
        rule: &StopRule,
        sweep: SweepId,
        parts: &Parts,
    ) -> Result<Option<RunId>, StoreError> {
        let Ok(field) = rule.field() else { return Ok(None) };
        let mut from = 0;
        loop {
            let page = parts.sweeps.point_runs(sweep, from, PAGE).await?;
            let Some(last) = page.last() else { return Ok(None) };
            from = last.point.saturating_add(1);
            let new = page.iter().filter(|last| last.state == RunState::Succeeded && !self.has(last.point));
            let new: Vec<_> = new.map(|last| (last.point, last.run)).collect();
            let runs = new.iter().map(|(_, run)| *run).collect();
            let said = parts.overview.values(&OwnerFilter::Any, runs, vec![field.clone()]).await?;
            let is_met =
                |run| said.get(run).and_then(|said| said.first()).is_some_and(|it| rule.is_met_by(it));
            if let Some((_, run)) = new.iter().find(|(_, run)| is_met(run)) {
                return Ok(Some(*run));
            }
            new.iter().for_each(|(point, _)| self.add(*point));
        }
    }

    fn has(&self, point: u32) -> bool {
        self.0.get(point as usize).copied().unwrap_or_default()
    }

    fn add(&mut self, point: u32) {
        let place = point as usize;
        if self.0.len() <= place {
            self.0.resize(place.saturating_add(1), false);
        }
        if let Some(looked) = self.0.get_mut(place) {
            *looked = true;
        }
    }
}
