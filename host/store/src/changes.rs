//! What changed, in an order that whoever follows goes on from. It tells states and not what happened: what changed
//! twice is found once, as it is by then.

use async_trait::async_trait;
use simulay_model::{OwnerFilter, PluginSummary, RunSummary};

use crate::StoreError;

/// A place in the order of changes. Those at the same moment are told apart by what they are of.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// A number that grows: of the change, or of milliseconds.
    pub at: i64,
    /// Of what; empty comes before everything at that moment.
    pub id: String,
}

/// Where the orders end by now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ends {
    /// Of which order these are places; another order has others.
    pub epoch: String,
    /// Of the runs.
    pub runs: i64,
    /// Of the versions of plugins.
    pub plugins: i64,
}

/// How far before the place that he has read to whoever follows reads again: where several write at once, a change may be
/// seen after one with a higher place. What he reads twice he tells by its place.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Overlap {
    /// Whenever he reads.
    pub usual: i64,
    /// Now and then, and when he begins: nothing comes later than that.
    pub most: i64,
}

/// Something that changed, as it is by now, and the place of its last change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed<T> {
    /// Where in the order.
    pub place: Place,
    /// What it is by now.
    pub now: T,
}

/// What changed. A change is what a summary shows.
#[async_trait]
pub trait Changes: Send + Sync {
    /// Where the orders end by now: who begins there misses nothing that is stored from now on.
    async fn ends(&self) -> Result<Ends, StoreError>;

    /// Runs whose last change comes after `after`, by its place, at most `limit`.
    async fn changed_runs(
        &self,
        owner: &OwnerFilter,
        after: &Place,
        limit: u32,
    ) -> Result<Vec<Changed<RunSummary>>, StoreError>;

    /// How many those are, as far as `most`.
    async fn count_changed_runs(
        &self,
        owner: &OwnerFilter,
        after: &Place,
        most: usize,
    ) -> Result<usize, StoreError>;

    /// Versions of plugins whose last change comes after `after`, by its place, at most `limit`.
    async fn changed_plugins(
        &self,
        owner: &OwnerFilter,
        after: &Place,
        limit: u32,
    ) -> Result<Vec<Changed<PluginSummary>>, StoreError>;

    /// How far back is read again; not at all where changes are seen in their order.
    fn overlap(&self) -> Overlap {
        Overlap::default()
    }
}
