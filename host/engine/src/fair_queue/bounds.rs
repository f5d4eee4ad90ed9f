//! How much each owner may have at once.

use std::collections::BTreeMap;
use std::sync::Arc;

/// How much each owner may have at once; no bound when none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OwnerBounds {
    /// Of each that is not named.
    pub(crate) usual: Option<usize>,
    /// Of those for whom it differs.
    pub(crate) own: BTreeMap<Arc<str>, Option<usize>>,
}

impl OwnerBounds {
    /// Nobody is bounded.
    pub(super) const fn none() -> Self {
        Self { usual: None, own: BTreeMap::new() }
    }

    pub(super) fn of(&self, owner: &str) -> Option<usize> {
        self.own.get(owner).copied().unwrap_or(self.usual)
    }
}
