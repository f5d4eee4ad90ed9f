//! What people look for among their runs: lists, counts, single values, and how long the next may take.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use semver::Version;
use serde_json::Value;
use simulay_model::{Plugin, PluginName, Principal, RunField, RunId, RunState, RunSummary};
use simulay_store::{RunCounts, RunFilter, RunQuery, StoreError};

use crate::shared::Shared;
use crate::{EngineError, Parts, Selector, accept};

/// The most runs that an estimate comes of.
const LAST: u32 = 20;

/// What people look for among their runs. Cheap to clone.
#[derive(Clone)]
pub struct Overview {
    shared: Arc<Shared>,
}

/// How long runs of a version took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Estimate {
    /// The version.
    pub version: Version,
    /// How many runs it comes of: those that succeeded last.
    pub runs: usize,
    /// How long they took; none when there was none.
    pub quartiles: Option<Quartiles>,
}

/// The times that a quarter, a half and three quarters of the runs took at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quartiles {
    /// A quarter.
    pub lower: Duration,
    /// A half.
    pub median: Duration,
    /// Three quarters.
    pub upper: Duration,
}

impl Overview {
    pub(crate) const fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// How many runs a list would have, as far as `most`.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn count(
        &self,
        principal: &Principal,
        filter: &RunFilter,
        most: usize,
    ) -> Result<usize, EngineError> {
        Ok(self.shared.parts.overview.count(&principal.visible(), filter, most).await?)
    }

    /// How many runs wait and are at work, and how many ended since then in each way.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn tally(
        &self,
        principal: &Principal,
        pipeline: Option<&PluginName>,
        since: Option<Timestamp>,
    ) -> Result<RunCounts, EngineError> {
        Ok(self.shared.parts.overview.tally(&principal.visible(), pipeline, since).await?)
    }

    /// The values of fields of runs, in the order of the fields.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn values(
        &self,
        principal: &Principal,
        runs: Vec<RunId>,
        fields: Vec<RunField>,
    ) -> Result<HashMap<RunId, Vec<Value>>, EngineError> {
        Ok(self.shared.parts.overview.values(&principal.visible(), runs, fields).await?)
    }

    /// How long a run may take, by the last ones of the principal that succeeded on the same version; none when there
    /// is no such pipeline.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn estimate(
        &self,
        principal: &Principal,
        selector: &Selector,
    ) -> Result<Option<Estimate>, EngineError> {
        let parts = &self.shared.parts;
        let Some(plugin) = accept::find(parts, &principal.visible_plugins(), selector).await? else {
            return Ok(None);
        };
        let last = LastRuns::of(parts, principal, &plugin).await?;
        let (runs, quartiles) = (last.times.len(), quartiles(&last.times));
        Ok(Some(Estimate { version: plugin.manifest.version, runs, quartiles }))
    }
}

/// The last runs of a version that succeeded.
pub(crate) struct LastRuns {
    /// How long each was at work, from the shortest on.
    pub(crate) times: Vec<Duration>,
    /// How many of them were at work at once, on average.
    pub(crate) at_once: f64,
}

impl LastRuns {
    pub(crate) async fn of(
        parts: &Parts,
        principal: &Principal,
        plugin: &Plugin,
    ) -> Result<Self, StoreError> {
        let filter = RunFilter {
            pipeline: Some(plugin.manifest.name.clone()),
            version: Some(plugin.manifest.version.clone()),
            states: vec![RunState::Succeeded],
            ..RunFilter::default()
        };
        let query = RunQuery { filter, before: None, limit: LAST };
        let runs = parts.runs.list(&principal.visible(), query).await?;
        let mut times: Vec<Duration> = runs.iter().filter_map(time_of).collect();
        times.sort_unstable();
        let begun = runs.iter().filter_map(|run| run.started_at).min();
        let ended = runs.iter().filter_map(|run| run.ended_at).max();
        let span = begun.zip(ended).map(|(begun, ended)| ended.duration_since(begun));
        Ok(Self { at_once: at_once(&times, span.unwrap_or_default()), times })
    }

    pub(crate) fn median(&self) -> Option<Duration> {
        quartiles(&self.times).map(|quartiles| quartiles.median)
    }
}

/// How many of those that took so long were at work at once within `span`, on average: at least one.
fn at_once(times: &[Duration], span: SignedDuration) -> f64 {
    let all: Duration = times.iter().sum();
    let at_once = all.as_secs_f64() / span.as_secs_f64();
    if at_once.is_finite() { at_once.clamp(1.0, times.len().max(1) as f64) } else { 1.0 }
}

/// From when work on it began to its end; clocks may jump meanwhile.
fn time_of(run: &RunSummary) -> Option<Duration> {
    let time = run.ended_at?.duration_since(run.started_at?);
    Some(Duration::try_from(time).unwrap_or_default())
}

/// Of times in their order; between two of them in proportion.
fn quartiles(times: &[Duration]) -> Option<Quartiles> {
    let last = u32::try_from(times.len().checked_sub(1)?).unwrap_or(u32::MAX);
    let at = |quarters: u32| {
        let place = last.saturating_mul(quarters);
        let below = times.get((place / 4) as usize).copied().unwrap_or_default();
        let above = times.get(place.div_ceil(4) as usize).copied().unwrap_or(below);
        below.saturating_add(above.saturating_sub(below).saturating_mul(place % 4) / 4)
    };
    Some(Quartiles { lower: at(1), median: at(2), upper: at(3) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(times: &[u64]) -> Option<[u128; 3]> {
        let times: Vec<_> = times.iter().copied().map(Duration::from_millis).collect();
        let Quartiles { lower, median, upper } = quartiles(&times)?;
        Some([lower, median, upper].map(|time| time.as_millis()))
    }

    #[test]
    fn runs_are_at_work_at_once_as_far_as_their_times_do_not_fit_one_after_the_other() {
        let of = |seconds: &[u64], span: i64| {
            let times: Vec<_> = seconds.iter().copied().map(Duration::from_secs).collect();
            (at_once(&times, SignedDuration::from_secs(span)) * 10.0).round() / 10.0
        };
        for (times, span, expected) in [
            (&[2, 4, 6][..], 6, 2.0),
            (&[5, 5][..], 10, 1.0),
            (&[5, 5][..], 1000, 1.0),
            (&[5, 5][..], 1, 2.0),
            (&[5, 5][..], 0, 1.0),
            (&[5, 5][..], -3, 1.0),
            (&[][..], 0, 1.0),
        ] {
            assert!((of(times, span) - expected).abs() < 1e-9, "{times:?} within {span}");
        }
    }

    #[test]
    fn quartiles_lie_between_times_in_proportion() {
        assert_eq!(of(&[]), None);
        assert_eq!(of(&[7]), Some([7, 7, 7]));
        assert_eq!(of(&[10, 20]), Some([12, 15, 17]));
        assert_eq!(of(&[1, 2, 3, 4, 100]), Some([2, 3, 4]));
        assert_eq!(of(&(0..20).map(|number| number * 4).collect::<Vec<_>>()), Some([19, 38, 57]));
    }
}
