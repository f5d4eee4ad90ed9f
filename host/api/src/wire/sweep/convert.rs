//! Between what goes over the wire and the domain.

use std::time::Duration;

use indexmap::IndexMap;
use serde_json::Value;
use simulay_engine as engine;
use simulay_model as model;

use super::{
    Point, PointCounts, PointList, PointState, RangeScale, StopRule, Sweep, SweepEstimate, SweepLayout,
    SweepMethod, SweepPreview, SweepState, SweepSummary, Variation, VariedParameter, VariedRange,
};
use crate::wire::{Input, RunState};

impl From<SweepMethod> for model::Layout {
    fn from(method: SweepMethod) -> Self {
        match method {
            SweepMethod::Grid {} => Self::Grid,
            SweepMethod::LatinHypercube { points } => Self::LatinHypercube(points),
            SweepMethod::Sobol { points } => Self::Sobol(points),
            SweepMethod::Random { points } => Self::Random(points),
            SweepMethod::Csv { text } => Self::Csv(text),
        }
    }
}

impl From<Variation> for model::Variation {
    fn from(variation: Variation) -> Self {
        match variation {
            Variation::List(values) => Self::List(values),
            Variation::Range(VariedRange { from, to, steps, scale }) => {
                let scale = match scale {
                    RangeScale::Linear => model::Scale::Linear,
                    RangeScale::Log => model::Scale::Log,
                };
                Self::Range((from, to, steps, scale).into())
            }
        }
    }
}

impl TryFrom<StopRule> for model::StopRule {
    type Error = &'static str;

    fn try_from(StopRule { outcome, above, below }: StopRule) -> Result<Self, Self::Error> {
        let bound = match (above, below) {
            (Some(above), None) => model::Bound::Above(above),
            (None, Some(below)) => model::Bound::Below(below),
            _ => return Err("needs one of `above` and `below`"),
        };
        Ok(Self { outcome, bound })
    }
}

impl From<model::StopRule> for StopRule {
    fn from(model::StopRule { outcome, bound }: model::StopRule) -> Self {
        let (above, below) = match bound {
            model::Bound::Above(above) => (Some(above), None),
            model::Bound::Below(below) => (None, Some(below)),
        };
        Self { outcome, above, below }
    }
}

impl From<model::SweepState> for SweepState {
    fn from(state: model::SweepState) -> Self {
        match state {
            model::SweepState::Running => Self::Running,
            model::SweepState::Stopping => Self::Stopping,
            model::SweepState::Cancelling => Self::Cancelling,
            model::SweepState::Succeeded => Self::Succeeded,
            model::SweepState::Ended => Self::Ended,
            model::SweepState::Stopped => Self::Stopped,
            model::SweepState::Cancelled => Self::Cancelled,
        }
    }
}

impl From<&model::Method> for SweepLayout {
    fn from(method: &model::Method) -> Self {
        match method {
            model::Method::Grid => Self::Grid,
            model::Method::LatinHypercube => Self::LatinHypercube,
            model::Method::Sobol => Self::Sobol,
            model::Method::Random => Self::Random,
            model::Method::Table(_) => Self::Csv,
        }
    }
}

impl From<model::Varied> for VariedParameter {
    fn from(model::Varied { pointer, variation }: model::Varied) -> Self {
        let variation = match variation {
            model::Variation::List(values) => Some(Variation::List(values)),
            model::Variation::Range(model::Range { from, to, steps, scale, .. }) => {
                let scale = match scale {
                    model::Scale::Linear => RangeScale::Linear,
                    model::Scale::Log => RangeScale::Log,
                };
                Some(Variation::Range(VariedRange { from, to, steps, scale }))
            }
            model::Variation::Column => None,
        };
        Self { pointer, variation }
    }
}

impl From<model::SweepSummary> for SweepSummary {
    fn from(sweep: model::SweepSummary) -> Self {
        let model::SweepSummary { id, owner, plugin, name, labels, created_at, progress } = sweep;
        let points = progress.points();
        let model::SweepProgress { state, stopped_by, ended_at, .. } = progress;
        Self {
            id,
            owner: owner.to_string(),
            plugin: plugin.into(),
            name,
            labels,
            state: state.into(),
            points,
            stopped_by,
            created_at,
            ended_at,
        }
    }
}

fn counts(progress: &model::SweepProgress, counts: model::PointCounts) -> PointCounts {
    let model::PointCounts { queued, running, succeeded, failed, cancelled, timed_out } = counts;
    let (waiting, deleted) =
        (progress.points().saturating_sub(progress.begun), progress.begun.saturating_sub(counts.all()));
    PointCounts { waiting, queued, running, succeeded, failed, cancelled, timed_out, deleted }
}

impl From<engine::CountedSweep> for Sweep {
    fn from(engine::CountedSweep { sweep, counts: counted }: engine::CountedSweep) -> Self {
        let summary = model::SweepSummary::from(&sweep).into();
        let model::SweepSpec { design, inputs, max_at_once, stop, .. } = sweep.spec;
        let model::Design { method, parameters, fixed, seed } = design;
        let input =
            |input: model::Artifact| Input { path: input.path, sha256: input.sha256, size: Some(input.size) };
        Self {
            summary,
            counts: counts(&sweep.progress, counted),
            method: (&method).into(),
            extendable: method.goes_on(),
            parameters: parameters.into_iter().map(Into::into).collect(),
            fixed,
            inputs: inputs.into_iter().map(input).collect(),
            seed,
            max_at_once,
            stop: stop.map(Into::into),
        }
    }
}

impl From<engine::SweepPreview> for SweepPreview {
    fn from(preview: engine::SweepPreview) -> Self {
        let engine::SweepPreview { points, parameters, first, planned, seed, estimate } = preview;
        let first = first.into_iter().map(|values| by_pointer(&parameters, values)).collect();
        let parameters = parameters.into_iter().map(Into::into).collect();
        let estimate = estimate.map(Into::into);
        Self { points, parameters, seed, first, preview: planned.into(), estimate }
    }
}

impl From<engine::SweepEstimate> for SweepEstimate {
    fn from(engine::SweepEstimate { runs, of_run, before, at_once, time }: engine::SweepEstimate) -> Self {
        let ms = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        Self { runs: runs as u64, run_ms: ms(of_run), before, at_once, time_ms: ms(time) }
    }
}

fn by_pointer(parameters: &[model::Varied], values: Vec<Option<Value>>) -> IndexMap<String, Value> {
    let named = parameters.iter().zip(values);
    named.filter_map(|(varied, value)| Some((varied.pointer.to_string(), value?))).collect()
}

impl PointList {
    /// A page with what was asked for of outcomes.
    pub(crate) fn new(page: engine::PointPage, outcomes: &[String]) -> Self {
        let engine::PointPage { sweep, points, next } = page;
        let parameters = &sweep.spec.design.parameters;
        let points = points.into_iter().map(|point| Point::new(&sweep, point, outcomes)).collect();
        Self {
            parameters: parameters.iter().map(|varied| varied.pointer.clone()).collect(),
            points,
            next_cursor: next.map(|point| point.to_string()),
        }
    }
}

impl Point {
    fn new(sweep: &model::Sweep, state: engine::SweepPointState, asked: &[String]) -> Self {
        let engine::SweepPointState { point, values, run, outcomes } = state;
        let without = if point < sweep.progress.begun { PointState::Deleted } else { PointState::Waiting };
        let outcomes = asked.iter().cloned().zip(outcomes.into_iter().map(Option::unwrap_or_default));
        Self {
            point,
            state: run.as_ref().map_or(without, |run| RunState::from(run.state).into()),
            values: by_pointer(&sweep.spec.design.parameters, values),
            started_at: run.as_ref().and_then(|run| run.started_at),
            ended_at: run.as_ref().and_then(|run| run.ended_at),
            run: run.as_ref().map(|run| run.id),
            error: run.and_then(|run| run.error).map(Into::into),
            outcomes: outcomes.collect(),
        }
    }
}
