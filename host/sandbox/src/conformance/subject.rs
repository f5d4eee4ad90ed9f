//! What the suite is given, and how it calls.

use std::io;
use std::sync::Arc;

use async_trait::async_trait;
use simulay_model::{Digest, Document, Manifest, Request};

use crate::{Answered, Call, CallError, Code, ReadArtifacts, Sandbox, SandboxSettings};

/// A sandbox to be checked.
pub struct Subject<'a> {
    /// The sandbox.
    pub sandbox: &'a dyn Sandbox,
    /// The limits it has. The suite waits for the time of a call to pass: let it be short.
    pub settings: &'a SandboxSettings,
    /// What it runs.
    pub plugins: &'a Plugins,
}

/// The plugins that the suite calls, as components that the sandbox understands.
pub struct Plugins {
    /// `pre-process` answers a step without calls whose state are the parameters; `post-process` a report
    /// whose outcome is the state.
    pub echo: Arc<[u8]>,
    /// What `echo` says of itself.
    pub manifest: Manifest,
    /// `pre-process` answers a failure of the simulation, whose message are the parameters.
    pub failing: Arc<[u8]>,
    /// `pre-process` reads up to 3 bytes from offset 2 of the artifact whose digest the parameters are. It
    /// answers a step whose state they are; `0` when there is no such artifact.
    pub reading: Arc<[u8]>,
    /// `pre-process` never returns.
    pub endless: Arc<[u8]>,
    /// `pre-process` takes memory until there is no more.
    pub greedy: Arc<[u8]>,
}

impl Subject<'_> {
    /// Calls `plugin`, which may read no artifact.
    pub(super) async fn call(&self, plugin: &Arc<[u8]>, call: Call) -> Result<Answered, CallError> {
        self.call_with(plugin, call, Arc::new(NoArtifacts)).await
    }

    /// Has `plugin` pre-process `params`.
    pub(super) async fn pre_process(
        &self,
        plugin: &Arc<[u8]>,
        params: Document,
    ) -> Result<Answered, CallError> {
        self.call(plugin, Call::PreProcess(request(params))).await
    }

    /// Calls `plugin`, which may read `artifacts`.
    pub(super) async fn call_with(
        &self,
        plugin: &Arc<[u8]>,
        call: Call,
        artifacts: Arc<dyn ReadArtifacts>,
    ) -> Result<Answered, CallError> {
        self.sandbox.call(Digest::of(plugin), &AtHand(plugin.clone()), call, artifacts).await
    }
}

/// A request for `params`.
pub(super) fn request(params: Document) -> Request {
    Request { params, inputs: Vec::new(), seed: 7 }
}

/// Code that is in memory.
struct AtHand(Arc<[u8]>);

#[async_trait]
impl Code for AtHand {
    async fn load(&self, _plugin: Digest) -> io::Result<Arc<[u8]>> {
        Ok(self.0.clone())
    }
}

/// No artifacts.
pub(super) struct NoArtifacts;

impl ReadArtifacts for NoArtifacts {
    fn read(&self, _artifact: Digest, _offset: u64, _length: u64) -> io::Result<Vec<u8>> {
        Err(io::ErrorKind::NotFound.into())
    }
}
