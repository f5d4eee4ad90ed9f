//! Uploaded plugins.

use async_trait::async_trait;
use semver::Version;
use simulay_model::{
    Plugin, PluginEffects, PluginEvent, PluginEventKind, PluginName, PluginSummary, revision_of,
};

use super::{MemoryStore, PluginEntry, State};
use crate::{Added, Plugins, StoreError};

#[async_trait]
impl Plugins for MemoryStore {
    async fn add(&self, plugin: Plugin, versions: Option<u64>) -> Result<Added, StoreError> {
        let mut state = self.state();
        let key = (plugin.manifest.name.clone(), plugin.manifest.version.clone());
        match state.plugins.get(&key) {
            Some(known) if known.plugin.sha256 == plugin.sha256 => return Ok(Added::Known),
            Some(_) => return Err(StoreError::VersionExists),
            None => state.expect_versions(&plugin.manifest.name, versions)?,
        }
        let (at, by) = (plugin.uploaded_at, plugin.uploader.clone());
        let history = vec![PluginEvent { at, kind: PluginEventKind::Uploaded, by }];
        state.plugins.insert(key, PluginEntry { plugin, history });
        Ok(Added::New)
    }

    async fn version(&self, name: &PluginName, version: &Version) -> Result<Option<Plugin>, StoreError> {
        let key = (name.clone(), version.clone());
        Ok(self.state().plugins.get(&key).map(|entry| entry.plugin.clone()))
    }

    async fn served(&self, name: &PluginName) -> Result<Option<Plugin>, StoreError> {
        Ok(self.versions(name).await?.into_iter().find(Plugin::is_servable))
    }

    async fn versions(&self, name: &PluginName) -> Result<Vec<Plugin>, StoreError> {
        Ok(self.state().versions(name))
    }

    async fn list(&self) -> Result<Vec<PluginSummary>, StoreError> {
        Ok(listed(&self.state()).map(Plugin::summary).collect())
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

    async fn history(&self, name: &PluginName, version: &Version) -> Result<Vec<PluginEvent>, StoreError> {
        let key = (name.clone(), version.clone());
        Ok(self.state().plugins.get(&key).map(|entry| entry.history.clone()).unwrap_or_default())
    }
}

impl State {
    pub(super) fn commit_plugin(
        &mut self,
        name: &PluginName,
        version: &Version,
        effects: &PluginEffects,
    ) -> Result<(), StoreError> {
        let decided_on = self.expect_versions(name, effects.versions);
        let key = (name.clone(), version.clone());
        let known = self.plugins.get_mut(&key).ok_or(StoreError::NotFound)?;
        decided_on?;
        if known.plugin.revision.checked_add(1) != Some(effects.life.revision) {
            return Err(StoreError::Stale);
        }
        known.plugin.apply(effects);
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
