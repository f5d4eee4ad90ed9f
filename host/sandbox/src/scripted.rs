//! A sandbox without WebAssembly, for tests: what a plugin would decide is given as a function.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use semver::Version;
use simulay_model::{Digest, Inspection, Manifest};
use tokio::task::spawn_blocking;

use crate::{Answered, Call, CallError, Code, InspectError, ReadArtifacts, Sandbox};

type Script = dyn Fn(Call, &dyn ReadArtifacts) -> Result<Answered, CallError> + Send + Sync;

/// Plugins by the bytes that stand for them.
#[derive(Clone, Default)]
pub struct ScriptedSandbox {
    plugins: HashMap<Digest, (Manifest, Arc<Script>)>,
}

impl ScriptedSandbox {
    /// The same sandbox with one more plugin: `component` is what gets uploaded, `script` what answers.
    #[must_use]
    pub fn with(
        mut self,
        component: &[u8],
        manifest: Manifest,
        script: impl Fn(Call, &dyn ReadArtifacts) -> Result<Answered, CallError> + Send + Sync + 'static,
    ) -> Self {
        self.plugins.insert(Digest::of(component), (manifest, Arc::new(script)));
        self
    }
}

#[async_trait]
impl Sandbox for ScriptedSandbox {
    async fn inspect(&self, component: Arc<[u8]>) -> Result<Inspection, InspectError> {
        let known = self.plugins.get(&Digest::of(&component));
        known
            .map(|(manifest, _)| Inspection {
                manifest: manifest.clone(),
                contract: Version::new(0, 1, 0),
                tools: Vec::new(),
            })
            .ok_or_else(|| InspectError::InvalidComponent("there is no script for these bytes".to_owned()))
    }

    async fn call(
        &self,
        plugin: Digest,
        _code: &dyn Code,
        call: Call,
        artifacts: Arc<dyn ReadArtifacts>,
    ) -> Result<Answered, CallError> {
        let known = self.plugins.get(&plugin).map(|(_, script)| script.clone());
        let script = known.ok_or_else(|| CallError::Host(format!("there is no script for {plugin}")))?;
        // As in the real one: reading artifacts may block.
        let task = spawn_blocking(move || script(call, &*artifacts));
        task.await.map_err(|_| CallError::WorkerCrashed)?
    }
}
