//! What the engine works with; picked by the binary.

use std::sync::Arc;

use simulay_containers::Containers;
use simulay_model::Clock;
use simulay_sandbox::Sandbox;
use simulay_store::{Blobs, Journal, Plugins, Runs};

/// What the engine works with; picked by the binary.
#[derive(Clone)]
pub struct Parts {
    /// Plugin records.
    pub plugins: Arc<dyn Plugins>,
    /// Run records.
    pub runs: Arc<dyn Runs>,
    /// What happened to runs.
    pub journal: Arc<dyn Journal>,
    /// Immutable bytes.
    pub blobs: Arc<dyn Blobs>,
    /// Runs plugin code.
    pub sandbox: Arc<dyn Sandbox>,
    /// Carries out container calls.
    pub containers: Arc<dyn Containers>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
}
