//! Where plugins are in their life. Changes take turns: each reads, decides and stores in one
//! transaction, so that a crash leaves the state before or the state after.

use bytes::Bytes;
use semver::Version;
use simulay_model::{Check, Manifest, Plugin, PluginEvent, PluginEventKind as Kind, PluginName, PluginState};
use simulay_signals::Signal;
use simulay_store::{Added, StoreError};

use super::Catalog;
use crate::approval::approved_before;
use crate::{LifeError, Once, UploadError, plugins};

/// Who uploads by the command line of this machine.
const LOCAL: &str = "local";

/// What comes with an upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submission {
    /// Who uploads, as far as the caller can tell.
    pub by: String,
    /// A new version is pending, whatever the policy says.
    pub pending: bool,
}

/// What is asked for with an activation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Activation {
    /// Who asks, as far as the caller can tell.
    pub by: String,
    /// Grants what the version asks for.
    pub approve: bool,
    /// Runs the examples first.
    pub check: bool,
}

/// What a rollback did.
#[derive(Debug, Clone, PartialEq)]
pub struct RolledBack {
    /// The version that served the pipeline; retired now.
    pub from: Plugin,
    /// The version that serves it now.
    pub to: Plugin,
}

impl Catalog {
    /// Inspects a component and adds it for the operator himself: it is approved and active.
    ///
    /// # Errors
    /// See [`UploadError`].
    pub async fn upload(&self, component: Bytes) -> Result<(Plugin, Added), UploadError> {
        let inspected = plugins::inspect(&self.shared.parts, component).await?;
        self.check_images(inspected.manifest())?;
        let _turn = self.turn.lock().await;
        inspected.keep(&self.shared.parts).await?;
        let now = self.shared.parts.clock.now();
        let new = Plugin { approved_at: Some(now), ..inspected.plugin(LOCAL, now, PluginState::Active) };
        let added = self.shared.parts.plugins.add(new.clone()).await?;
        if added == Added::New {
            return Ok((new, added));
        }
        let known = self.known(&new.manifest.name, &new.manifest.version).await?;
        let active = self.make_active(known, LOCAL).await?;
        Ok((active, added))
    }

    /// Inspects a component and adds it; the policy decides whether it is active. It waits, too, for
    /// images that are not registered.
    ///
    /// # Errors
    /// See [`UploadError`].
    pub async fn submit(&self, component: Bytes, asked: &Submission) -> Result<(Plugin, Added), UploadError> {
        self.shared.check_room().await?;
        let inspected = plugins::inspect(&self.shared.parts, component).await?;
        let _turn = self.turn.lock().await;
        let now = self.shared.parts.clock.now();
        inspected.keep(&self.shared.parts).await?;
        let needed = self.needs_approval(inspected.manifest()).await?;
        let runnable = self.check_images(inspected.manifest()).is_ok();
        let waits = needed || asked.pending || !runnable;
        let state = if waits { PluginState::Pending } else { PluginState::Active };
        let new = Plugin { approved_at: (!needed).then_some(now), ..inspected.plugin(&asked.by, now, state) };
        match self.shared.parts.plugins.add(new.clone()).await? {
            Added::New => Ok((new, Added::New)),
            Added::Known => Ok((self.known(&new.manifest.name, &new.manifest.version).await?, Added::Known)),
        }
    }

    /// Makes a version take new runs; with a check, as soon as its examples agree: the record
    /// tells how that goes, and [`Catalog::checked`] waits for it.
    ///
    /// # Errors
    /// See [`LifeError`].
    pub async fn activate(
        &self,
        name: &PluginName,
        version: &Version,
        asked: &Activation,
    ) -> Result<Plugin, LifeError> {
        let _turn = self.turn.lock().await;
        let plugin = self.known(name, version).await?;
        self.check_images(&plugin.manifest)?;
        let approve = asked.approve || !self.needs_approval(&plugin.manifest).await?;
        if plugin.approved_at.is_none() && !approve {
            return Err(LifeError::NeedsApproval(self.asks_more(&plugin).await?));
        }
        if asked.check {
            return self.begin_check(plugin, &asked.by).await;
        }
        Ok(self.make_active(plugin, &asked.by).await?)
    }

    /// Retires a version: no new runs; those at work go on.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is none.
    pub async fn retire(&self, name: &PluginName, version: &Version, by: &str) -> Result<Plugin, StoreError> {
        let _turn = self.turn.lock().await;
        let plugin = self.known(name, version).await?;
        if plugin.state == PluginState::Retired {
            return Ok(plugin);
        }
        self.take_away(plugin, Kind::Retired, by).await
    }

    /// Retires the version that serves a pipeline, so that the active one before serves it. With
    /// `from`, only when that is the one that serves it.
    ///
    /// # Errors
    /// See [`LifeError`].
    pub async fn roll_back(
        &self,
        name: &PluginName,
        from: Option<&Version>,
        by: &str,
    ) -> Result<RolledBack, LifeError> {
        let _turn = self.turn.lock().await;
        let RolledBack { from, to } = self.before(name, from).await?;
        let from = self.take_away(from, Kind::RolledBack, by).await?;
        Ok(RolledBack { from, to })
    }

    /// As [`Catalog::roll_back`]; the claim of `once` and its `answer` are stored with what it does.
    ///
    /// # Errors
    /// See [`LifeError`].
    pub async fn roll_back_once(
        &self,
        name: &PluginName,
        from: Option<&Version>,
        by: &str,
        (once, answer): (&Once, impl FnOnce(&RolledBack) -> String + Send),
    ) -> Result<RolledBack, LifeError> {
        let _turn = self.turn.lock().await;
        let RolledBack { from, to } = self.before(name, from).await?;
        let at = self.shared.parts.clock.now();
        let from =
            Plugin { state: PluginState::Retired, retired_at: Some(at), ..without_check_at_work(from) };
        let done = RolledBack { from, to };
        let event = PluginEvent { at, kind: Kind::RolledBack, by: by.to_owned() };
        let (claim, answer) = (once.claim(), answer(&done));
        self.shared.parts.requests.update_once(done.from.clone(), vec![event], claim, answer).await?;
        let changed = Signal::PluginChanged(done.from.manifest.name.clone());
        self.shared.parts.signals.publish(changed);
        Ok(done)
    }

    /// The version that serves a pipeline, and the one before.
    async fn before(&self, name: &PluginName, from: Option<&Version>) -> Result<RolledBack, LifeError> {
        let versions = self.shared.parts.plugins.versions(name).await?;
        if versions.is_empty() {
            return Err(StoreError::NotFound.into());
        }
        let mut servable = versions.into_iter().filter(Plugin::is_servable);
        let served = servable.next().ok_or(LifeError::NothingServed)?;
        if from.is_some_and(|from| *from != served.manifest.version) {
            return Err(LifeError::OtherServed(served.manifest.version));
        }
        let to = servable.next().ok_or(LifeError::NothingBefore(served.manifest.version.clone()))?;
        Ok(RolledBack { from: served, to })
    }

    /// The record of a version that must be there.
    pub(super) async fn known(&self, name: &PluginName, version: &Version) -> Result<Plugin, StoreError> {
        self.shared.parts.plugins.version(name, version).await?.ok_or(StoreError::NotFound)
    }

    async fn needs_approval(&self, manifest: &Manifest) -> Result<bool, StoreError> {
        let versions = self.shared.parts.plugins.versions(&manifest.name).await?;
        let before = approved_before(&versions, manifest).map(|plugin| &plugin.manifest);
        Ok(self.shared.settings.plugins.approval.is_needed(before, manifest))
    }

    /// Stores that `plugin` is approved and active; tells what changed by that.
    async fn make_active(&self, plugin: Plugin, by: &str) -> Result<Plugin, StoreError> {
        let now = self.shared.parts.clock.now();
        let approved_at = plugin.approved_at.or(Some(now));
        let mut kinds = Vec::new();
        kinds.extend((approved_at != plugin.approved_at).then_some(Kind::Approved));
        kinds.extend((plugin.state != PluginState::Active).then_some(Kind::Activated));
        let plugin = without_check_at_work(plugin);
        let active = Plugin { state: PluginState::Active, approved_at, retired_at: None, ..plugin };
        self.store(active, &kinds, by).await
    }

    async fn take_away(&self, plugin: Plugin, kind: Kind, by: &str) -> Result<Plugin, StoreError> {
        // A check at work would take the retirement back.
        let plugin = without_check_at_work(plugin);
        let retired_at = Some(self.shared.parts.clock.now());
        self.store(Plugin { state: PluginState::Retired, retired_at, ..plugin }, &[kind], by).await
    }

    pub(super) async fn store(&self, plugin: Plugin, kinds: &[Kind], by: &str) -> Result<Plugin, StoreError> {
        let at = self.shared.parts.clock.now();
        let event = |kind: &Kind| PluginEvent { at, kind: *kind, by: by.to_owned() };
        self.shared.parts.plugins.update(plugin.clone(), kinds.iter().map(event).collect()).await?;
        self.shared.parts.signals.publish(Signal::PluginChanged(plugin.manifest.name.clone()));
        Ok(plugin)
    }
}

/// What becomes of a check at work is not waited for.
fn without_check_at_work(plugin: Plugin) -> Plugin {
    let check = plugin.check.filter(|check: &Check| !check.is_running());
    Plugin { check, ..plugin }
}
