//! What changed: each change has a number above all before.

use async_trait::async_trait;
use simulay_model::{OwnerFilter, Plugin, PluginSummary, RunSummary};

use super::{MemoryStore, PluginEntry, RunEntry};
use crate::{Changed, Changes, Ends, Place, StoreError};

#[async_trait]
impl Changes for MemoryStore {
    async fn ends(&self) -> Result<Ends, StoreError> {
        let changes = self.state().changes;
        Ok(Ends { epoch: "memory".to_owned(), runs: changes, plugins: changes })
    }

    async fn changed_runs(
        &self,
        owner: &OwnerFilter,
        after: &Place,
        limit: u32,
    ) -> Result<Vec<Changed<RunSummary>>, StoreError> {
        let state = self.state();
        let found = |entry: &&RunEntry| entry.changed > after.at && entry.is_found(owner);
        let changed = state.runs.values().filter(found);
        Ok(in_order(changed.map(|entry| changed_at(entry.changed, RunSummary::from(&entry.run))), limit))
    }

    async fn count_changed_runs(
        &self,
        owner: &OwnerFilter,
        after: &Place,
        most: usize,
    ) -> Result<usize, StoreError> {
        let limit = u32::try_from(most).unwrap_or(u32::MAX);
        Ok(self.changed_runs(owner, after, limit).await?.len())
    }

    async fn changed_plugins(
        &self,
        owner: &OwnerFilter,
        after: &Place,
        limit: u32,
    ) -> Result<Vec<Changed<PluginSummary>>, StoreError> {
        let state = self.state();
        let found = |entry: &&PluginEntry| entry.changed > after.at && state.is_visible(owner, &entry.plugin);
        let changed = state.plugins.values().filter(found);
        Ok(in_order(changed.map(|entry| changed_at(entry.changed, Plugin::summary(&entry.plugin))), limit))
    }
}

fn changed_at<T>(at: i64, now: T) -> Changed<T> {
    Changed { place: Place { at, id: String::new() }, now }
}

fn in_order<T>(changed: impl Iterator<Item = Changed<T>>, limit: u32) -> Vec<Changed<T>> {
    let mut changed: Vec<_> = changed.collect();
    changed.sort_by(|one, other| one.place.cmp(&other.place));
    changed.truncate(limit as usize);
    changed
}
