//! Plugins as the engine uses them: code by digest, calls with the artifacts of a run.

use std::collections::HashMap;
use std::io;
use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::TryStreamExt as _;
use jiff::Timestamp;
use parking_lot::Mutex;
use simulay_blobs::{BlobError, Blobs};
use simulay_model::{
    Chain, Digest, Inspection, Manifest, OwnerFilter, Plugin, PluginLife, PluginRef, Principal,
};
use simulay_sandbox::{Answered, Call, CallError, Code, ReadArtifacts};
use simulay_store::StoreError;
use tokio::runtime::Handle;

use crate::exchange::put;
use crate::{Parts, UploadError};

/// A component that was inspected; [`Inspected::keep`] stores its bytes.
pub(crate) struct Inspected {
    sha256: Digest,
    component: Bytes,
    inspection: Inspection,
}

impl Inspected {
    /// What it says of itself.
    pub(crate) const fn manifest(&self) -> &Manifest {
        &self.inspection.manifest
    }

    /// Bytes of the component.
    pub(crate) fn size(&self) -> u64 {
        self.component.len() as u64
    }

    /// True when the version is there, whatever its bytes.
    pub(crate) async fn is_known(&self, parts: &Parts) -> Result<bool, StoreError> {
        let Manifest { name, version, .. } = self.manifest();
        Ok(parts.plugins.version(&OwnerFilter::Any, name, version).await?.is_some())
    }

    /// Stores its bytes, unless its name lies outside the principal's scope or is another owner's, or other bytes go by
    /// its name and version: what is
    /// refused leaves nothing behind. The record follows, so that a listed plugin can always be read.
    pub(crate) async fn keep(&self, parts: &Parts, principal: &Principal) -> Result<(), UploadError> {
        let Manifest { name, version, .. } = self.manifest();
        if !principal.scope.holds_plugin(name) {
            return Err(UploadError::OutsideScope(name.clone()));
        }
        for known in parts.plugins.versions(&OwnerFilter::Any, name).await? {
            if known.owner != principal.account {
                return Err(StoreError::NameTaken.into());
            }
            if known.manifest.version == *version && known.sha256 != self.sha256 {
                return Err(StoreError::VersionExists.into());
            }
        }
        put(&*parts.blobs, self.component.clone()).await?;
        Ok(())
    }

    /// A record of it.
    pub(crate) fn plugin(&self, by: &Principal, uploaded_at: Timestamp, life: PluginLife) -> Plugin {
        let Inspection { manifest, contract, tools } = self.inspection.clone();
        let PluginLife { state, approved_at, retired_at, check, isolation, revision } = life;
        Plugin {
            sha256: self.sha256,
            size: self.size(),
            manifest,
            contract,
            tools,
            owner: by.account.clone(),
            uploaded_by: by.account.clone(),
            uploader: by.via.clone(),
            uploaded_at,
            state,
            approved_at,
            retired_at,
            check,
            isolation,
            revision,
        }
    }
}

/// Inspects a component.
pub(crate) async fn inspect(parts: &Parts, component: Bytes) -> Result<Inspected, UploadError> {
    let inspection = parts.sandbox.inspect(Arc::from(component.as_ref())).await?;
    Ok(Inspected { sha256: Digest::of(&component), component, inspection })
}

/// The record of the plugin a run is on.
pub(crate) async fn of_run(parts: &Parts, reference: &PluginRef) -> Result<Plugin, StoreError> {
    let plugin = parts.plugins.version(&OwnerFilter::Any, &reference.name, &reference.version).await?;
    plugin.ok_or_else(|| StoreError::Corrupt(format!("the plugin {reference} of the run is missing").into()))
}

/// Why a plugin gave no answer.
pub(crate) enum CallFault {
    /// The call itself failed.
    Call(CallError),
    /// Its code or an artifact could not be read: no fault of the plugin or of the sandbox.
    Blobs(BlobError),
}

/// Calls an export of `plugin`; it may read the artifacts in `known`, by their sizes.
pub(crate) async fn call(
    parts: &Parts,
    plugin: Digest,
    call: Call,
    known: Arc<HashMap<Digest, u64>>,
) -> Result<Answered, CallFault> {
    let stored = Stored { blobs: parts.blobs.clone(), fault: Arc::default() };
    let artifacts = RunArtifacts { stored: stored.clone(), known, runtime: Handle::current() };
    let answered = parts.sandbox.call(plugin, &stored, call, Arc::new(artifacts)).await;
    answered.map_err(|error| match (error, stored.fault.lock().take()) {
        (CallError::Host(_), Some(fault)) => CallFault::Blobs(fault),
        (error, _) => CallFault::Call(error),
    })
}

/// What is in the blob store. The sandbox gets words alone of what fails; the fault itself stays here.
#[derive(Clone)]
struct Stored {
    blobs: Arc<dyn Blobs>,
    fault: Arc<Mutex<Option<BlobError>>>,
}

impl Stored {
    async fn read(&self, blob: Digest, range: Option<Range<u64>>) -> io::Result<Vec<u8>> {
        read_whole(&*self.blobs, blob, range).await.map_err(|error| match error {
            BlobError::NotFound => io::ErrorKind::NotFound.into(),
            error => {
                let told = io::Error::other(Chain(&error).to_string());
                *self.fault.lock() = Some(error);
                told
            }
        })
    }
}

#[async_trait]
impl Code for Stored {
    async fn load(&self, plugin: Digest) -> io::Result<Arc<[u8]>> {
        self.read(plugin, None).await.map(Arc::from)
    }
}

/// The artifacts of one run.
struct RunArtifacts {
    stored: Stored,
    known: Arc<HashMap<Digest, u64>>,
    runtime: Handle,
}

impl ReadArtifacts for RunArtifacts {
    fn read(&self, artifact: Digest, offset: u64, length: u64) -> io::Result<Vec<u8>> {
        let size = *self.known.get(&artifact).ok_or(io::ErrorKind::NotFound)?;
        let range = offset.min(size)..offset.saturating_add(length).min(size);
        if range.is_empty() {
            return Ok(Vec::new());
        }
        self.runtime.block_on(self.stored.read(artifact, Some(range)))
    }
}

async fn read_whole(
    blobs: &dyn Blobs,
    blob: Digest,
    range: Option<Range<u64>>,
) -> Result<Vec<u8>, BlobError> {
    let pieces = blobs.read(blob, range).await?;
    let append = |mut all: Vec<u8>, piece: Bytes| async move {
        all.extend_from_slice(&piece);
        Ok(all)
    };
    pieces.try_fold(Vec::new(), append).await
}
