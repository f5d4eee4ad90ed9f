//! What there is to know of the points of a sweep.

use serde_json::Value;
use simulay_model::{OwnerFilter, Principal, RunSummary, Sweep, SweepId};
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
    /// At most `limit` points from `from` on, with what their outcomes say at `outcomes`, which are JSON Pointers.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; when the store does not answer.
    pub async fn points(
        &self,
        principal: &Principal,
        id: SweepId,
        from: u32,
        limit: u32,
        outcomes: &[String],
    ) -> Result<PointPage, EngineError> {
        let parts = &self.shared.parts;
        let sweep = parts.sweeps.sweep(&principal.visible(), id).await?.ok_or(StoreError::NotFound)?;
        let all = points_of(&sweep)?;
        let end = all.count().min(from.saturating_add(limit));
        let runs = parts.sweeps.points(id, from, end.saturating_sub(from)).await?;
        let mut runs = runs.into_iter().peekable();
        let mut points = Vec::with_capacity(end.saturating_sub(from) as usize);
        for point in from..end {
            let run = runs.next_if(|run| run.sweep.is_some_and(|of| of.point == point));
            let outcomes = self.outcomes(run.as_ref(), outcomes).await?;
            points.push(SweepPointState { point, values: all.values(point), run, outcomes });
        }
        let next = (end < all.count() && end > from).then_some(end);
        drop(all);
        Ok(PointPage { sweep, points, next })
    }

    async fn outcomes(
        &self,
        run: Option<&RunSummary>,
        pointers: &[String],
    ) -> Result<Vec<Option<Value>>, EngineError> {
        let nothing = vec![None; pointers.len()];
        let Some(run) = run.filter(|run| !pointers.is_empty() && run.ended_at.is_some()) else {
            return Ok(nothing);
        };
        let report = self.shared.parts.runs.get(&OwnerFilter::Any, run.id).await?.and_then(|run| run.report);
        let Some(outcome) = report.and_then(|report| report.outcome.value().ok()) else { return Ok(nothing) };
        Ok(pointers
            .iter()
            .map(|pointer| outcome.pointer(pointer).filter(|it| is_scalar(it)).cloned())
            .collect())
    }
}

/// What fits a cell of a table.
fn is_scalar(value: &Value) -> bool {
    !value.is_array() && !value.is_object()
}
