//! Where plugins are in their life. Each change reads, has the model decide, and commits in one transaction;
//! when someone else was faster it decides again, on what is stored by then.

use semver::Version;
use simulay_model::{
    AccountName, Decision, Grant, Isolation, Manifest, Plugin, PluginChange, PluginEffects, PluginName,
    PluginRefusal, Principal, Visibility, revision_of,
};
use simulay_signals::Signal;
use simulay_store::StoreError;

use super::Catalog;
use crate::approval::approved_before;
use crate::{EngineError, LifeError, Once};

/// What is asked for with an activation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Activation {
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

/// A request that may come again, and how it is answered.
type Answered<'a> = (&'a Once, &'a (dyn Fn(&RolledBack) -> String + Send + Sync));

impl Catalog {
    /// Makes a version take new runs; with a check, as soon as its examples agree: the record
    /// tells how that goes, and [`Catalog::checked`] waits for it.
    ///
    /// # Errors
    /// See [`LifeError`].
    pub async fn activate(
        &self,
        principal: &Principal,
        name: &PluginName,
        version: &Version,
        asked: Activation,
    ) -> Result<Plugin, LifeError> {
        loop {
            let plugin = self.known(principal, name, version).await?;
            if let Some(activated) = self.activate_known(principal, plugin, asked).await? {
                return Ok(activated);
            }
        }
    }

    /// As [`Catalog::activate`]; none when `plugin` has moved on.
    async fn activate_known(
        &self,
        principal: &Principal,
        plugin: Plugin,
        asked: Activation,
    ) -> Result<Option<Plugin>, LifeError> {
        self.check_images(&plugin.manifest)?;
        if asked.approve {
            self.check_approver(principal, &plugin)?;
        }
        let grant = self.grant(principal, &plugin, asked.approve).await?;
        let change =
            if asked.check { self.check_begun(&plugin, grant) } else { PluginChange::Activated(grant) };
        let effects = match self.decide(principal, &plugin, change) {
            Ok(Decision::Commit(effects)) => effects,
            Ok(Decision::Unchanged) => return Ok(Some(plugin)),
            Err(_) => return Err(LifeError::NeedsApproval(self.asks_more(principal, &plugin).await?)),
        };
        if !asked.check {
            return Ok(self.commit(plugin, effects).await?);
        }
        self.check_capacity(&plugin).await?;
        let checking = self.commit(plugin, effects).await?;
        checking.iter().for_each(|plugin| self.spawn_check(plugin.clone()));
        Ok(checking)
    }

    /// Retires a version: no new runs; those at work go on.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is none.
    pub async fn retire(
        &self,
        principal: &Principal,
        name: &PluginName,
        version: &Version,
    ) -> Result<Plugin, EngineError> {
        self.change(principal, name, version, PluginChange::Retired).await
    }

    /// Says what keeps the calls of a version from each other. Who uploaded it does not grant himself that they are
    /// less apart, unless he may approve what he uploads.
    ///
    /// # Errors
    /// See [`LifeError`].
    pub async fn set_isolation(
        &self,
        principal: &Principal,
        name: &PluginName,
        version: &Version,
        isolation: Isolation,
    ) -> Result<Plugin, LifeError> {
        let plugin = self.known(principal, name, version).await?;
        if isolation == Isolation::Process && self.is_own_upload(principal, &plugin) {
            return Err(LifeError::OwnUpload);
        }
        Ok(self.change(principal, name, version, PluginChange::Isolated(isolation)).await?)
    }

    /// Says who sees a plugin beside its owner and operators.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when it is not the principal's to change.
    pub async fn set_visibility(
        &self,
        principal: &Principal,
        name: &PluginName,
        visibility: Visibility,
    ) -> Result<(), EngineError> {
        let owner = principal.own_plugins();
        Ok(self.shared.parts.plugins.set_visibility(&owner, name, visibility).await?)
    }

    /// Retires the version that serves a pipeline, so that the active one before serves it. With
    /// `from`, only when that is the one that serves it.
    ///
    /// # Errors
    /// See [`LifeError`].
    pub async fn roll_back(
        &self,
        principal: &Principal,
        name: &PluginName,
        from: Option<&Version>,
    ) -> Result<RolledBack, LifeError> {
        self.go_back(principal, name, from, None).await
    }

    /// As [`Catalog::roll_back`]; the claim of `once` and its `answer` are stored with what it does.
    ///
    /// # Errors
    /// See [`LifeError`].
    pub async fn roll_back_once(
        &self,
        principal: &Principal,
        name: &PluginName,
        from: Option<&Version>,
        (once, answer): (&Once, impl Fn(&RolledBack) -> String + Send + Sync),
    ) -> Result<RolledBack, LifeError> {
        self.go_back(principal, name, from, Some((once, &answer))).await
    }

    /// Whoever is not the first looks anew at what serves: `from` is not left twice.
    async fn go_back(
        &self,
        principal: &Principal,
        name: &PluginName,
        from: Option<&Version>,
        answered: Option<Answered<'_>>,
    ) -> Result<RolledBack, LifeError> {
        loop {
            let versions = self.versions(principal, name).await?;
            let change = PluginChange::RolledBack(revision_of(&versions));
            let RolledBack { mut from, to } = before(versions, from)?;
            let Ok(Decision::Commit(effects)) = self.decide(principal, &from, change) else {
                return Err(LifeError::NothingServed);
            };
            from.apply(&effects);
            let done = RolledBack { from, to };
            match self.store_rollback(principal, &done, effects, answered).await {
                Ok(()) => {
                    self.tell(name, &done.from.owner);
                    return Ok(done);
                }
                Err(StoreError::Stale) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    async fn store_rollback(
        &self,
        principal: &Principal,
        done: &RolledBack,
        effects: Box<PluginEffects>,
        answered: Option<Answered<'_>>,
    ) -> Result<(), StoreError> {
        let Manifest { name, version, .. } = &done.from.manifest;
        let Some((once, answer)) = answered else {
            return self.shared.parts.plugins.commit(name, version, effects).await;
        };
        let answered = (once.claim(principal), answer(done));
        self.shared.parts.requests.commit_once(name, version, effects, answered).await
    }

    /// The record of a version that must be there.
    pub(super) async fn known(
        &self,
        principal: &Principal,
        name: &PluginName,
        version: &Version,
    ) -> Result<Plugin, EngineError> {
        let found = self.shared.parts.plugins.version(&principal.own_plugins(), name, version).await?;
        Ok(found.ok_or(StoreError::NotFound)?)
    }

    /// All versions of the plugin, from the highest down.
    pub(super) async fn versions(
        &self,
        principal: &Principal,
        name: &PluginName,
    ) -> Result<Vec<Plugin>, EngineError> {
        Ok(self.shared.parts.plugins.versions(&principal.own_plugins(), name).await?)
    }

    /// Refuses who would grant what he asks for himself; what was granted once stays so.
    fn check_approver(&self, principal: &Principal, plugin: &Plugin) -> Result<(), LifeError> {
        let own = self.is_own_upload(principal, plugin);
        if own && plugin.approved_at.is_none() { Err(LifeError::OwnUpload) } else { Ok(()) }
    }

    /// True when he uploaded it, and may not approve what he uploads.
    fn is_own_upload(&self, principal: &Principal, plugin: &Plugin) -> bool {
        plugin.uploaded_by == principal.account && !self.shared.settings.plugins.approve_own
    }

    /// Who grants what `plugin` asks for, when it is to be activated.
    async fn grant(
        &self,
        principal: &Principal,
        plugin: &Plugin,
        by_operator: bool,
    ) -> Result<Grant, EngineError> {
        if by_operator {
            return Ok(Grant::Operator);
        }
        let Granted { by_policy, versions } = self.granted(principal, &plugin.manifest).await?;
        Ok(if by_policy { Grant::Policy(versions) } else { Grant::Nobody })
    }

    pub(super) async fn granted(
        &self,
        principal: &Principal,
        manifest: &Manifest,
    ) -> Result<Granted, EngineError> {
        let versions = self.versions(principal, &manifest.name).await?;
        let before = approved_before(&versions, manifest).map(|plugin| &plugin.manifest);
        let by_policy = !self.shared.settings.plugins.approval.is_needed(before, manifest);
        Ok(Granted { by_policy, versions: revision_of(&versions) })
    }

    /// Decides on a change of a version and stores what follows.
    pub(super) async fn change(
        &self,
        principal: &Principal,
        name: &PluginName,
        version: &Version,
        change: PluginChange,
    ) -> Result<Plugin, EngineError> {
        loop {
            let plugin = self.known(principal, name, version).await?;
            let Decision::Commit(effects) =
                self.decide(principal, &plugin, change.clone()).map_err(StoreError::from)?
            else {
                return Ok(plugin);
            };
            if let Some(plugin) = self.commit(plugin, effects).await? {
                return Ok(plugin);
            }
        }
    }

    fn decide(
        &self,
        principal: &Principal,
        plugin: &Plugin,
        change: PluginChange,
    ) -> Result<Decision<PluginEffects>, PluginRefusal> {
        plugin.life().decide(self.shared.parts.clock.now(), principal, change)
    }

    /// Tells of what was stored of a plugin.
    pub(super) fn tell(&self, name: &PluginName, owner: &AccountName) {
        let signals = &self.shared.parts.signals;
        signals.publish(Signal::PluginChanged(name.clone()));
        signals.publish(Signal::AccountChanged(owner.clone()));
    }

    /// Stores what was decided on `plugin` and tells of it; none when that has moved on.
    async fn commit(
        &self,
        mut plugin: Plugin,
        effects: Box<PluginEffects>,
    ) -> Result<Option<Plugin>, EngineError> {
        let Manifest { name, version, .. } = &plugin.manifest;
        match self.shared.parts.plugins.commit(name, version, effects.clone()).await {
            Ok(()) => {
                self.tell(name, &plugin.owner);
                plugin.apply(&effects);
                Ok(Some(plugin))
            }
            Err(StoreError::Stale) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

/// What the policy says, and the revision of all versions it looked at.
pub(super) struct Granted {
    pub(super) by_policy: bool,
    pub(super) versions: u64,
}

/// The version that serves a pipeline, and the one before; `versions` go from the highest down.
fn before(versions: Vec<Plugin>, from: Option<&Version>) -> Result<RolledBack, LifeError> {
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
