//! How plugins come.

use bytes::Bytes;
use simulay_model::{Grant, Manifest, Plugin, PluginChange, PluginLife, PluginState, Principal};
use simulay_signals::{Signal, UploadProgress, UploadStage};
use simulay_store::{Added, StoreError};

use super::Catalog;
use crate::plugins::{self, Inspected};
use crate::{EngineError, UploadError};

/// What comes with an upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submission {
    /// A new version is pending, whatever the policy says.
    pub pending: bool,
    /// By what the uploader knows it while he waits.
    pub id: String,
}

impl Catalog {
    /// Inspects a component and adds it for the operator himself: it is approved and active.
    ///
    /// # Errors
    /// See [`UploadError`].
    pub async fn upload(
        &self,
        principal: &Principal,
        component: Bytes,
    ) -> Result<(Plugin, Added), UploadError> {
        let inspected = plugins::inspect(&self.shared.parts, component).await?;
        self.check_images(inspected.manifest())?;
        inspected.keep(&self.shared.parts, principal).await?;
        let now = self.shared.parts.clock.now();
        let new = inspected.plugin(principal, now, PluginLife::uploaded(now, true, false));
        let added = self.shared.parts.plugins.add(new.clone(), None).await?;
        if added == Added::New {
            self.tell(&new.manifest.name, &new.owner);
            return Ok((new, added));
        }
        let Manifest { name, version, .. } = &new.manifest;
        let active = self.change(principal, name, version, PluginChange::Activated(Grant::Operator)).await?;
        Ok((active, added))
    }

    /// Inspects a component and adds it; the policy decides whether it is active. It waits, too, for
    /// images that are not registered.
    ///
    /// # Errors
    /// See [`UploadError`].
    pub async fn submit(
        &self,
        principal: &Principal,
        component: Bytes,
        asked: Submission,
    ) -> Result<(Plugin, Added), UploadError> {
        let advances = |stage, manifest: Option<&Manifest>| {
            let plugin = manifest.map(|Manifest { name, version, .. }| format!("{name}@{version}"));
            let progress = UploadProgress { id: asked.id.clone(), plugin, stage };
            self.shared.parts.signals.publish(Signal::UploadAdvanced(principal.account.clone(), progress));
        };
        advances(UploadStage::Received, None);
        let submitted = self.take(principal, component, asked.pending, &advances).await;
        match &submitted {
            Ok((plugin, _)) if plugin.state == PluginState::Pending => {
                advances(UploadStage::Waiting, Some(&plugin.manifest));
            }
            Ok((plugin, _)) => advances(UploadStage::Active, Some(&plugin.manifest)),
            Err(_) => advances(UploadStage::Refused, None),
        }
        submitted
    }

    async fn take(
        &self,
        principal: &Principal,
        component: Bytes,
        pending: bool,
        advances: &(impl Fn(UploadStage, Option<&Manifest>) + Sync),
    ) -> Result<(Plugin, Added), UploadError> {
        self.shared.check_room().await?;
        let inspected = plugins::inspect(&self.shared.parts, component).await?;
        advances(UploadStage::Compiled, Some(inspected.manifest()));
        if !inspected.is_known(&self.shared.parts).await? {
            let (size, now) = (inspected.size(), self.shared.parts.clock.now());
            self.shared.quotas.admit_plugin(&principal.account, size, now).await?;
        }
        inspected.keep(&self.shared.parts, principal).await?;
        loop {
            match self.add(principal, &inspected, pending).await {
                Err(EngineError::Records(StoreError::Stale)) => {}
                added => return Ok(added?),
            }
        }
    }

    /// Adds a component as the policy has it. What the policy looked at, all versions, must still be so when
    /// it is stored: of two uploads at once, each would be held against what was there before both.
    async fn add(
        &self,
        principal: &Principal,
        new: &Inspected,
        pending: bool,
    ) -> Result<(Plugin, Added), EngineError> {
        let granted = self.granted(principal, new.manifest()).await?;
        let waits = pending || self.check_images(new.manifest()).is_err();
        let now = self.shared.parts.clock.now();
        let life = PluginLife::uploaded(now, granted.by_policy, waits);
        let new = new.plugin(principal, now, life);
        let (plugins, quotas) =
            (&self.shared.parts.plugins, self.shared.quotas.of(&principal.account).await?);
        match plugins.add_within(new.clone(), Some(granted.versions), &quotas).await? {
            Added::New => {
                self.tell(&new.manifest.name, &new.owner);
                Ok((new, Added::New))
            }
            Added::Known => {
                let Manifest { name, version, .. } = &new.manifest;
                Ok((self.known(principal, name, version).await?, Added::Known))
            }
        }
    }
}
