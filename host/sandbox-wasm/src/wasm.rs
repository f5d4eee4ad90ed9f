//! The sandbox in this process, with wasmtime.

use std::io;
use std::sync::Arc;

use async_trait::async_trait;
use simulay_model::{Digest, Inspection};
use simulay_sandbox::{
    Answered, Call, CallError, Code, InspectError, ReadArtifacts, Sandbox, SandboxSettings,
};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use crate::cache::Cache;
use crate::compile::Compiler;
use crate::link::Compiled;
use crate::time::Cancel;
use crate::{component, engine, invocation};

/// Runs plugins in this process: WebAssembly confines them, limits bound what they cost.
pub struct WasmSandbox {
    settings: Arc<SandboxSettings>,
    compiler: Compiler,
    compiled: Cache<Compiled>,
    calls: Arc<Semaphore>,
}

impl WasmSandbox {
    /// A sandbox with the limits of `settings`.
    ///
    /// # Errors
    /// When wasmtime does not support this machine, or no thread can be started.
    pub fn new(settings: SandboxSettings) -> io::Result<Self> {
        let engine = engine::start()?;
        Ok(Self {
            compiler: Compiler::new(&engine, &settings)?,
            compiled: Cache::new(settings.cached_plugins),
            calls: Arc::new(Semaphore::new(settings.parallel_calls)),
            settings: Arc::new(settings),
        })
    }

    /// The compiled plugin; its bytes are asked for only when it is not in the cache.
    async fn ready(&self, plugin: Digest, code: &dyn Code) -> Result<Compiled, CallError> {
        if let Some(compiled) = self.compiled.get(plugin) {
            return Ok(compiled);
        }
        let compiled = self.compiler.compile(component::load(plugin, code).await?).await;
        let (_, compiled) = compiled.map_err(|error| component::missing(plugin, &error))?;
        self.compiled.put(plugin, compiled.clone());
        Ok(compiled)
    }

    /// Runs `work` on a thread that may block, when there is a place; gives up when the caller does.
    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&SandboxSettings, Cancel) -> T + Send + 'static,
    ) -> Result<T, CallError> {
        let place = self.calls.clone().acquire_owned().await;
        let place = place.map_err(|error| CallError::Host(error.to_string()))?;
        let settings = self.settings.clone();
        let on_drop = CancelOnDrop::default();
        let cancel = on_drop.0.clone();
        let task = spawn_blocking(move || {
            let _place = place;
            work(&settings, cancel)
        });
        task.await.map_err(|_| CallError::WorkerCrashed)
    }
}

/// Ends a call whose caller went away.
#[derive(Default)]
struct CancelOnDrop(Cancel);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

#[async_trait]
impl Sandbox for WasmSandbox {
    async fn inspect(&self, component: Arc<[u8]>) -> Result<Inspection, InspectError> {
        let (checked, compiled) = self.compiler.compile(component.clone()).await?;
        let plugin = compiled.clone();
        let described =
            self.run(move |settings, cancel| invocation::describe(&plugin, settings, cancel)).await;
        let manifest = described.map_err(InspectError::DescribeFailed)??;
        self.compiled.put(Digest::of(&component), compiled);
        Ok(Inspection { manifest, contract: checked.contract, tools: checked.tools })
    }

    async fn call(
        &self,
        plugin: Digest,
        code: &dyn Code,
        call: Call,
        artifacts: Arc<dyn ReadArtifacts>,
    ) -> Result<Answered, CallError> {
        let compiled = self.ready(plugin, code).await?;
        self.run(move |settings, cancel| {
            invocation::call(&compiled, settings, call, artifacts, cancel, |answered| answered)
        })
        .await?
    }
}
