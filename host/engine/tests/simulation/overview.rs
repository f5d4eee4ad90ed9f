//! What is found among runs, as a machine reaches it.

use std::collections::HashMap;

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::Value;
use simulay_model::{OwnerFilter, PluginName, RunField, RunId};
use simulay_store::{Overview, RunCounts, RunFilter, StoreError};

use crate::database::Database;

#[async_trait]
impl Overview for Database {
    async fn count(&self, owner: &OwnerFilter, filter: &RunFilter, most: usize) -> Result<usize, StoreError> {
        self.read(self.store.records.count(owner, filter, most)).await
    }

    async fn tally(
        &self,
        owner: &OwnerFilter,
        pipeline: Option<&PluginName>,
        since: Option<Timestamp>,
    ) -> Result<RunCounts, StoreError> {
        self.read(self.store.records.tally(owner, pipeline, since)).await
    }

    async fn values(
        &self,
        owner: &OwnerFilter,
        runs: Vec<RunId>,
        fields: Vec<RunField>,
    ) -> Result<HashMap<RunId, Vec<Value>>, StoreError> {
        self.read(self.store.records.values(owner, runs, fields)).await
    }
}
