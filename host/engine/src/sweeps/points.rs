//! What there is to know of the points of a sweep.

use std::collections::HashMap;

use serde_json::Value;
use simulay_model::{Principal, RunField, RunId, RunSummary, Sweep, SweepId};
use simulay_store::StoreError;

use super::{Sweeps, points_of};
use crate::EngineError;

/// A point of a sweep.
#[derive(Debug, Clone, PartialEq)]
pub struct SweepPointState {
    /// Its number, from 0.
    pub point: u32,
    /// Its values, in the order of the parameters; none for one that stays as it is.
    pub values: Vec<Option<Value>>,
    /// Its newest run; none when it has none yet, or any more.
    pub run: Option<RunSummary>,
    /// What the outcome says at the places that were asked for.
    pub outcomes: Vec<Option<Value>>,
}

/// Some points of a sweep.
#[derive(Debug, Clone, PartialEq)]
pub struct PointPage {
    /// The sweep.
    pub sweep: Sweep,
    /// The points, in their order.
    pub points: Vec<SweepPointState>,
    /// The number of the next one; none after the last.
    pub next: Option<u32>,
}

impl Sweeps {
    /// At most `limit` points from `from` on, with what their outcomes say at `outcomes`.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; when the store does not answer.
    pub async fn points(
        &self,
        principal: &Principal,
        id: SweepId,
        from: u32,
        limit: u32,
        outcomes: &[RunField],
    ) -> Result<PointPage, EngineError> {
        let parts = &self.shared.parts;
        let sweep = parts.sweeps.sweep(&principal.visible(), id).await?.ok_or(StoreError::NotFound)?;
        let all = points_of(&sweep)?;
        let end = all.count().min(from.saturating_add(limit));
        let runs = parts.sweeps.points(id, from, end.saturating_sub(from)).await?;
        let mut said = self.outcomes(principal, &runs, outcomes).await?;
        let mut runs = runs.into_iter().peekable();
        let mut points = Vec::with_capacity(end.saturating_sub(from) as usize);
        for point in from..end {
            let run = runs.next_if(|run| run.sweep.is_some_and(|of| of.point == point));
            let found =
                run.as_ref().and_then(|run| said.remove(&run.id)).map(|values| values.into_iter().map(some));
            let outcomes = found.map_or_else(|| vec![None; outcomes.len()], Iterator::collect);
            points.push(SweepPointState { point, values: all.values(point), run, outcomes });
        }
        let next = (end < all.count() && end > from).then_some(end);
        drop(all);
        Ok(PointPage { sweep, points, next })
    }

    /// What the outcomes of these runs say.
    async fn outcomes(
        &self,
        principal: &Principal,
        runs: &[RunSummary],
        fields: &[RunField],
    ) -> Result<HashMap<RunId, Vec<Value>>, EngineError> {
        if fields.is_empty() {
            return Ok(HashMap::new());
        }
        let ended = runs.iter().filter(|run| run.ended_at.is_some()).map(|run| run.id).collect();
        Ok(self.shared.parts.overview.values(&principal.visible(), ended, fields.to_vec()).await?)
    }
}

fn some(value: Value) -> Option<Value> {
    Some(value).filter(|value| !value.is_null())
}
