//! What the engine works with; picked by the binary.

use std::sync::Arc;

use simulay_blobs::Blobs;
use simulay_containers::{Admission, Containers};
use simulay_identity::IdentityProvider;
use simulay_model::Clock;
use simulay_sandbox::Sandbox;
use simulay_signals::{LogRelay, Signals};
use simulay_store::{
    Accounts, Audit, Changes, Credentials, Journal, Links, Metering, Overview, Plugins, Requests, Reuse,
    Runs, Sweeps, Uploads,
};

use crate::{Entropy, Runners};

/// What the engine works with; picked by the binary.
#[derive(Clone)]
pub struct Parts {
    /// Plugin records.
    pub plugins: Arc<dyn Plugins>,
    /// Runs, who leased them, and the requests they came of.
    pub runs: Arc<dyn Runs>,
    /// Sweeps, and the steps they go.
    pub sweeps: Arc<dyn Sweeps>,
    /// What changed of both.
    pub changes: Arc<dyn Changes>,
    /// What happened to runs.
    pub journal: Arc<dyn Journal>,
    /// What is found among runs.
    pub overview: Arc<dyn Overview>,
    /// What may be taken of earlier calls.
    pub reuse: Arc<dyn Reuse>,
    /// Requests that may come again.
    pub requests: Arc<dyn Requests>,
    /// Who uploaded what.
    pub uploads: Arc<dyn Uploads>,
    /// Accounts and tokens.
    pub accounts: Arc<dyn Accounts>,
    /// By what people sign in.
    pub credentials: Arc<dyn Credentials>,
    /// Whom to ask who people are, when somebody is asked.
    pub identity: Option<Arc<dyn IdentityProvider>>,
    /// The audit log.
    pub audit: Arc<dyn Audit>,
    /// Links to runs.
    pub links: Arc<dyn Links>,
    /// What accounts use.
    pub metering: Arc<dyn Metering>,
    /// Hints to and from whoever else works on the same store.
    pub signals: Arc<dyn Signals>,
    /// Carries logs of containers at work to and from other processes, where there are some.
    pub relay: Option<Arc<dyn LogRelay>>,
    /// Immutable bytes.
    pub blobs: Arc<dyn Blobs>,
    /// Runs plugin code.
    pub sandbox: Arc<dyn Sandbox>,
    /// Decides which container calls are admitted.
    pub admission: Arc<dyn Admission>,
    /// Carries out container calls.
    pub containers: Arc<dyn Containers>,
    /// The processes that work on runs, where others do.
    pub runners: Option<Arc<dyn Runners>>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Everything left to chance.
    pub entropy: Arc<dyn Entropy>,
}
