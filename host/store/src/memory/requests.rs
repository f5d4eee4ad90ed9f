//! Requests that may come again.

use std::time::Duration;

use async_trait::async_trait;
use semver::Version;
use simulay_model::{PluginEffects, PluginName};

use super::{MemoryStore, State};
use crate::{Claim, Outcome, Remembered, RequestKey, Requests, StoreError};

#[async_trait]
impl Requests for MemoryStore {
    async fn find(&self, request: &RequestKey) -> Result<Option<Remembered>, StoreError> {
        Ok(self.state().requests.get(request).cloned())
    }

    async fn commit_once(
        &self,
        name: &PluginName,
        version: &Version,
        effects: Box<PluginEffects>,
        (claim, answer): (Claim, String),
    ) -> Result<(), StoreError> {
        let mut state = self.state();
        if state.requests.contains_key(&claim.request) {
            return Err(StoreError::Repeated);
        }
        state.commit_plugin(name, version, &effects)?;
        state.remember(claim, answer)
    }

    async fn remember(&self, claim: Claim, answer: String) -> Result<(), StoreError> {
        self.state().remember(claim, answer)
    }

    /// Nothing in memory grows old.
    async fn forget(&self, _age: Duration) -> Result<usize, StoreError> {
        Ok(0)
    }
}

impl State {
    pub(super) fn remember(&mut self, claim: Claim, answer: String) -> Result<(), StoreError> {
        let Claim { request, fingerprint } = claim;
        if self.requests.contains_key(&request) {
            return Err(StoreError::Repeated);
        }
        self.requests.insert(request, Remembered { fingerprint, outcome: Outcome::Answer(answer) });
        Ok(())
    }
}
