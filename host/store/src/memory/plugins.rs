//! Uploaded plugins.

use async_trait::async_trait;
use semver::Version;
use simulay_model::{
    OwnerFilter, Plugin, PluginEffects, PluginEvent, PluginName, PluginSummary, Quotas, Usage, Visibility,
    revision_of,
};

use super::{MemoryStore, PluginEntry, State};
use crate::{Added, Plugins, StoreError};

#[async_trait]
impl Plugins for MemoryStore {
    async fn add_within(
        &self,
        plugin: Plugin,
        versions: Option<u64>,
        quotas: &Quotas,
    ) -> Result<Added, StoreError> {
        let mut state = self.state();
        let taken =
            |other: &Plugin| other.manifest.name == plugin.manifest.name && other.owner != plugin.owner;
        if listed(&state).any(taken) {
            return Err(StoreError::NameTaken);
        }
        let key = (plugin.manifest.name.clone(), plugin.manifest.version.clone());
        match state.plugins.get(&key) {
            Some(known) if known.plugin.sha256 == plugin.sha256 => return Ok(Added::Known),
            Some(_) => return Err(StoreError::VersionExists),
            None => state.expect_versions(&plugin.manifest.name, versions)?,
        }
        let (now, owner, size) = (self.clock.now(), plugin.owner.clone(), plugin.size);
        quotas.admit_plugin(&state.present_use(&owner, now), size, now)?;
        state.count(&owner, now, Usage::of_upload(size));
        let history = vec![plugin.uploaded()];
        let changed = state.next_change();
        state.plugins.insert(key, PluginEntry { plugin, history, changed });
        Ok(Added::New)
    }

    async fn version(
        &self,
        owner: &OwnerFilter,
        name: &PluginName,
        version: &Version,
    ) -> Result<Option<Plugin>, StoreError> {
        Ok(self.state().plugin(owner, name, version).map(|entry| entry.plugin.clone()))
    }

    async fn served(&self, owner: &OwnerFilter, name: &PluginName) -> Result<Option<Plugin>, StoreError> {
        Ok(self.versions(owner, name).await?.into_iter().find(Plugin::is_servable))
    }

    async fn versions(&self, owner: &OwnerFilter, name: &PluginName) -> Result<Vec<Plugin>, StoreError> {
        let mut versions = self.state().versions(name);
        versions.retain(|plugin| self.state().is_visible(owner, plugin));
        Ok(versions)
    }

    async fn list(&self, owner: &OwnerFilter) -> Result<Vec<PluginSummary>, StoreError> {
        let state = self.state();
        Ok(listed(&state).filter(|plugin| state.is_visible(owner, plugin)).map(Plugin::summary).collect())
    }

    async fn set_visibility(
        &self,
        owner: &OwnerFilter,
        name: &PluginName,
        visibility: Visibility,
    ) -> Result<(), StoreError> {
        let mut state = self.state();
        let own = |plugin: &Plugin| owner.admits(&plugin.owner) && owner.scope().holds_plugin(name);
        if !listed(&state).any(|plugin| plugin.manifest.name == *name && own(plugin)) {
            return Err(StoreError::NotFound);
        }
        state.visible.insert(name.clone(), visibility);
        Ok(())
    }

    async fn visibility(&self, owner: &OwnerFilter, name: &PluginName) -> Result<Visibility, StoreError> {
        let state = self.state();
        let found =
            listed(&state).any(|plugin| plugin.manifest.name == *name && state.is_visible(owner, plugin));
        let visibility = state.visible.get(name).filter(|_| found).cloned();
        Ok(visibility.unwrap_or(Visibility::Private))
    }

    async fn checking(&self) -> Result<Vec<Plugin>, StoreError> {
        let at_work =
            |plugin: &&Plugin| plugin.check.as_ref().is_some_and(|check| check.disagreements.is_none());
        Ok(listed(&self.state()).filter(at_work).cloned().collect())
    }

    async fn commit(
        &self,
        name: &PluginName,
        version: &Version,
        effects: Box<PluginEffects>,
    ) -> Result<(), StoreError> {
        self.state().commit_plugin(name, version, &effects)
    }

    async fn history(
        &self,
        owner: &OwnerFilter,
        name: &PluginName,
        version: &Version,
    ) -> Result<Vec<PluginEvent>, StoreError> {
        let state = self.state();
        Ok(state.plugin(owner, name, version).map(|entry| entry.history.clone()).unwrap_or_default())
    }
}

impl State {
    pub(super) fn is_visible(&self, owner: &OwnerFilter, plugin: &Plugin) -> bool {
        let name = &plugin.manifest.name;
        let shared = owner.admits_shared() && self.is_shared(owner, name);
        (shared || owner.admits(&plugin.owner)) && owner.scope().holds_plugin(name)
    }

    fn is_shared(&self, owner: &OwnerFilter, name: &PluginName) -> bool {
        match self.visible.get(name) {
            None | Some(Visibility::Private) => false,
            Some(Visibility::Shared(accounts)) => owner.account().is_some_and(|one| accounts.contains(one)),
            Some(Visibility::Public) => true,
        }
    }

    fn plugin(&self, owner: &OwnerFilter, name: &PluginName, version: &Version) -> Option<&PluginEntry> {
        let found = self.plugins.get(&(name.clone(), version.clone()));
        found.filter(|entry| self.is_visible(owner, &entry.plugin))
    }

    pub(super) fn commit_plugin(
        &mut self,
        name: &PluginName,
        version: &Version,
        effects: &PluginEffects,
    ) -> Result<(), StoreError> {
        let decided_on = self.expect_versions(name, effects.versions);
        let changed = self.next_change();
        let key = (name.clone(), version.clone());
        let known = self.plugins.get_mut(&key).ok_or(StoreError::NotFound)?;
        decided_on?;
        if known.plugin.revision.checked_add(1) != Some(effects.life.revision) {
            return Err(StoreError::Stale);
        }
        known.plugin.apply(effects);
        known.changed = changed;
        known.history.extend(effects.events.iter().cloned());
        Ok(())
    }

    fn expect_versions(&self, name: &PluginName, expected: Option<u64>) -> Result<(), StoreError> {
        let holds = expected.is_none_or(|expected| revision_of(&self.versions(name)) == expected);
        if holds { Ok(()) } else { Err(StoreError::Stale) }
    }

    fn versions(&self, name: &PluginName) -> Vec<Plugin> {
        listed(self).filter(|plugin| plugin.manifest.name == *name).cloned().collect()
    }
}

/// By name, and from the highest version down.
fn listed(state: &State) -> impl Iterator<Item = &Plugin> {
    let mut plugins: Vec<_> = state.plugins.values().map(|entry| &entry.plugin).collect();
    plugins.sort_by(|a, b| {
        let (a, b) = (&a.manifest, &b.manifest);
        a.name.cmp(&b.name).then_with(|| b.version.cmp(&a.version))
    });
    plugins.into_iter()
}
