//! What people look for among their runs, and how many they find.

use std::collections::HashMap;

use async_trait::async_trait;
use jiff::Timestamp;
use semver::Version;
use serde_json::Value;
use simulay_model::{
    ErrorKind, Label, OwnerFilter, PluginName, RunField, RunId, RunPart, RunState, SweepId, scalars,
};

use crate::StoreError;

/// The most bytes of a document that is looked into for single values.
pub const MAX_LOOKED_INTO: usize = 1 << 20;

/// Which runs are meant. What is left out does not matter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RunFilter {
    /// Of this pipeline.
    pub pipeline: Option<PluginName>,
    /// Of this version.
    pub version: Option<Version>,
    /// In one of these states.
    pub states: Vec<RunState>,
    /// Ended with an error of one of these kinds.
    pub errors: Vec<ErrorKind>,
    /// Accepted then or later.
    pub created_from: Option<Timestamp>,
    /// Accepted before.
    pub created_before: Option<Timestamp>,
    /// Points of this sweep.
    pub sweep: Option<SweepId>,
    /// With all of these labels.
    pub labels: Vec<Label>,
    /// With this in their names, in capitals or not.
    pub name: Option<String>,
}

/// Which runs to list.
#[derive(Debug, Clone, Default)]
pub struct RunQuery {
    /// Only these.
    pub filter: RunFilter,
    /// Only runs older than this one.
    pub before: Option<RunId>,
    /// The most runs to give.
    pub limit: u32,
}

/// How many runs are in each state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RunCounts {
    /// Waiting for their turn.
    pub queued: u64,
    /// At work.
    pub running: u64,
    /// Ended with a report.
    pub succeeded: u64,
    /// Ended with an error.
    pub failed: u64,
    /// Ended by request.
    pub cancelled: u64,
    /// Ended because they took too long.
    pub timed_out: u64,
}

impl RunCounts {
    /// Counts `runs` more in a state.
    pub const fn add(&mut self, state: RunState, runs: u64) {
        let counted = match state {
            RunState::Queued => &mut self.queued,
            RunState::Running => &mut self.running,
            RunState::Succeeded => &mut self.succeeded,
            RunState::Failed => &mut self.failed,
            RunState::Cancelled => &mut self.cancelled,
            RunState::TimedOut => &mut self.timed_out,
        };
        *counted = counted.saturating_add(runs);
    }
}

/// What people look for among their runs.
#[async_trait]
pub trait Overview: Send + Sync {
    /// How many runs a list would have, as far as `most`.
    async fn count(&self, owner: &OwnerFilter, filter: &RunFilter, most: usize) -> Result<usize, StoreError>;

    /// How many runs wait and are at work, and how many ended in each way: since then, if a time is given.
    async fn tally(
        &self,
        owner: &OwnerFilter,
        pipeline: Option<&PluginName>,
        since: Option<Timestamp>,
    ) -> Result<RunCounts, StoreError>;

    /// Of each of these runs the values of `fields`, in their order: null where there is none, no scalar, or a
    /// document of more than [`MAX_LOOKED_INTO`] bytes. A run that is not found has none.
    async fn values(
        &self,
        owner: &OwnerFilter,
        runs: Vec<RunId>,
        fields: Vec<RunField>,
    ) -> Result<HashMap<RunId, Vec<Value>>, StoreError>;
}

/// What is stored of a run that its fields are in.
#[derive(Debug, Clone, Copy, Default)]
pub struct Looked<'a> {
    /// Its parameters.
    pub params: Option<&'a str>,
    /// The data of its last event, when that is its end.
    pub ended: Option<&'a str>,
}

impl Looked<'_> {
    /// The value of each field.
    #[must_use]
    pub fn values(self, fields: &[RunField]) -> Vec<Value> {
        let of = |part| fields.iter().filter(move |field| field.part() == part);
        let found = |part, root: &[&str], document: Option<&str>| {
            let document = document.filter(|text| text.len() <= MAX_LOOKED_INTO);
            document.map(|text| scalars(text, root, of(part))).unwrap_or_default().into_iter()
        };
        let mut params = found(RunPart::Params, &[], self.params);
        let mut outcome = found(RunPart::Outcome, &["outcome"], self.ended);
        let next = |field: &RunField| match field.part() {
            RunPart::Params => params.next(),
            RunPart::Outcome => outcome.next(),
        };
        fields.iter().map(next).map(Option::unwrap_or_default).collect()
    }
}
