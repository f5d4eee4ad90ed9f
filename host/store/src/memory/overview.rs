//! Runs that are looked for.

use std::collections::HashMap;

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::Value;
use simulay_model::{EventData, OwnerFilter, PluginName, Run, RunField, RunId};

use super::{MemoryStore, RunEntry};
use crate::{Looked, Overview, RunCounts, RunFilter, StoreError};

#[async_trait]
impl Overview for MemoryStore {
    async fn count(&self, owner: &OwnerFilter, filter: &RunFilter, most: usize) -> Result<usize, StoreError> {
        let state = self.state();
        let found = |entry: &&RunEntry| entry.is_found(owner) && admits(filter, &entry.run);
        Ok(state.runs.values().filter(found).take(most).count())
    }

    async fn tally(
        &self,
        owner: &OwnerFilter,
        pipeline: Option<&PluginName>,
        since: Option<Timestamp>,
    ) -> Result<RunCounts, StoreError> {
        let mut counts = RunCounts::default();
        for entry in self.state().runs.values().filter(|entry| entry.is_found(owner)) {
            let run = &entry.run;
            let counted = run.ended_at.is_none_or(|ended| since.is_none_or(|since| ended >= since));
            if counted && pipeline.is_none_or(|pipeline| *pipeline == run.plugin.name) {
                counts.add(run.state, 1);
            }
        }
        Ok(counts)
    }

    async fn values(
        &self,
        owner: &OwnerFilter,
        runs: Vec<RunId>,
        fields: Vec<RunField>,
    ) -> Result<HashMap<RunId, Vec<Value>>, StoreError> {
        let state = self.state();
        let values = |run: RunId| Some((run, state.run(owner, run)?.values(&fields)));
        Ok(runs.into_iter().filter_map(values).collect())
    }
}

impl RunEntry {
    fn values(&self, fields: &[RunField]) -> Vec<Value> {
        let ended = self.events.last().filter(|event| matches!(event.data, EventData::RunEnded(_)));
        let ended = ended.and_then(|event| event.data.document().ok());
        let params = Some(self.run.request.params.as_str());
        Looked { params, ended: ended.as_ref().map(|ended| ended.as_str()) }.values(fields)
    }
}

/// True when the run is one of those meant.
pub(super) fn admits(filter: &RunFilter, run: &Run) -> bool {
    let RunFilter { pipeline, version, states, errors, created_from, created_before, sweep, labels, name } =
        filter;
    let ended_with = |kind| run.error.as_ref().is_some_and(|error| error.kind == kind);
    let called =
        |part: &String| run.name.as_ref().is_some_and(|name| folded(name.as_str()).contains(&folded(part)));
    pipeline.as_ref().is_none_or(|pipeline| *pipeline == run.plugin.name)
        && version.as_ref().is_none_or(|version| *version == run.plugin.version)
        && (states.is_empty() || states.contains(&run.state))
        && (errors.is_empty() || errors.iter().any(|kind| ended_with(*kind)))
        && created_from.is_none_or(|from| run.created_at >= from)
        && created_before.is_none_or(|before| run.created_at < before)
        && sweep.is_none_or(|sweep| run.sweep.is_some_and(|point| point.sweep == sweep))
        && labels.iter().all(|label| run.labels.get(&label.key) == Some(&label.value))
        && name.as_ref().is_none_or(called)
}

fn folded(text: &str) -> String {
    text.to_lowercase()
}
