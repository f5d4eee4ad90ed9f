//! Records, whichever backend they are in.

use std::sync::Arc;

use simulay_store::{
    Accounts, Audit, Changes, Credentials, Journal, Links, Metering, Overview, Plugins, Requests, Reuse,
    Runs, Sweeps, Uploads,
};

/// The ports of a store.
#[derive(Clone)]
pub(crate) struct Records {
    pub(crate) plugins: Arc<dyn Plugins>,
    pub(crate) runs: Arc<dyn Runs>,
    pub(crate) changes: Arc<dyn Changes>,
    pub(crate) journal: Arc<dyn Journal>,
    pub(crate) overview: Arc<dyn Overview>,
    pub(crate) requests: Arc<dyn Requests>,
    pub(crate) reuse: Arc<dyn Reuse>,
    pub(crate) sweeps: Arc<dyn Sweeps>,
    pub(crate) uploads: Arc<dyn Uploads>,
    pub(crate) accounts: Arc<dyn Accounts>,
    pub(crate) credentials: Arc<dyn Credentials>,
    pub(crate) links: Arc<dyn Links>,
    pub(crate) audit: Arc<dyn Audit>,
    pub(crate) metering: Arc<dyn Metering>,
}

impl<S> From<Arc<S>> for Records
where
    S: Plugins
        + Runs
        + Changes
        + Journal
        + Overview
        + Requests
        + Reuse
        + Sweeps
        + Uploads
        + Accounts
        + Credentials
        + Links
        + Audit
        + Metering
        + 'static,
{
    fn from(store: Arc<S>) -> Self {
        Self {
            plugins: store.clone(),
            runs: store.clone(),
            changes: store.clone(),
            journal: store.clone(),
            overview: store.clone(),
            requests: store.clone(),
            reuse: store.clone(),
            sweeps: store.clone(),
            uploads: store.clone(),
            accounts: store.clone(),
            credentials: store.clone(),
            links: store.clone(),
            audit: store.clone(),
            metering: store,
        }
    }
}
