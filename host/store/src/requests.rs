//! Requests that may come again: what came of the first is remembered with what it did.

use std::time::Duration;

use async_trait::async_trait;
use semver::Version;
use simulay_model::{AccountName, Digest, PluginEffects, PluginName, RunId};

use crate::StoreError;

/// What a request is known by, however often it comes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RequestKey {
    /// Whose request it is.
    pub owner: AccountName,
    /// Of which kind it is.
    pub scope: String,
    /// What its sender calls it.
    pub key: String,
}

/// A request that is to do its work once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// What it is known by.
    pub request: RequestKey,
    /// What it asks for.
    pub fingerprint: Digest,
}

/// A request that came before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remembered {
    /// What it asked for.
    pub fingerprint: Digest,
    /// What came of it.
    pub outcome: Outcome,
}

/// What came of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// A run.
    Run(RunId),
    /// An answer, in the words of whoever gave it.
    Answer(String),
}

/// Requests that may come again; those that make a run are stored by [`crate::Runs::create`].
#[async_trait]
pub trait Requests: Send + Sync {
    /// What came of a request, while it is remembered.
    async fn find(&self, request: &RequestKey) -> Result<Option<Remembered>, StoreError>;

    /// As [`crate::Plugins::commit`], with the claim and its answer in the same transaction.
    ///
    /// # Errors
    /// [`StoreError::Repeated`] when the request came before, whatever else is true;
    /// [`StoreError::Stale`], [`StoreError::NotFound`].
    async fn commit_once(
        &self,
        name: &PluginName,
        version: &Version,
        effects: Box<PluginEffects>,
        answered: (Claim, String),
    ) -> Result<(), StoreError>;

    /// Remembers the answer to a request that does no harm when it does its work twice.
    ///
    /// # Errors
    /// [`StoreError::Repeated`] when the request came before.
    async fn remember(&self, claim: Claim, answer: String) -> Result<(), StoreError>;

    /// Forgets the requests that came longer than `age` ago; gives their number. Ages count the time
    /// that a host was seen at work.
    async fn forget(&self, age: Duration) -> Result<usize, StoreError>;
}
