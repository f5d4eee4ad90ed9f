//! Uploaded plugins.

use async_trait::async_trait;
use semver::Version;
use simulay_model::{Plugin, PluginEvent, PluginEventKind, PluginName, PluginSummary};

use super::{MemoryStore, PluginEntry, State};
use crate::{Added, Plugins, StoreError};

#[async_trait]
impl Plugins for MemoryStore {
    async fn add(&self, plugin: Plugin) -> Result<Added, StoreError> {
        let mut state = self.state();
        let key = (plugin.manifest.name.clone(), plugin.manifest.version.clone());
        match state.plugins.get(&key) {
            Some(known) if known.plugin.sha256 == plugin.sha256 => return Ok(Added::Known),
            Some(_) => return Err(StoreError::VersionExists),
            None => {}
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
        let state = self.state();
        let plugins = listed(&state).filter(|plugin| plugin.manifest.name == *name);
        Ok(plugins.cloned().collect())
    }

    async fn list(&self) -> Result<Vec<PluginSummary>, StoreError> {
        Ok(listed(&self.state()).map(Plugin::summary).collect())
    }

    async fn checking(&self) -> Result<Vec<Plugin>, StoreError> {
        let at_work =
            |plugin: &&Plugin| plugin.check.as_ref().is_some_and(|check| check.disagreements.is_none());
        Ok(listed(&self.state()).filter(at_work).cloned().collect())
    }

    async fn update(&self, plugin: Plugin, events: Vec<PluginEvent>) -> Result<(), StoreError> {
        self.state().update(&plugin, events)
    }

    async fn history(&self, name: &PluginName, version: &Version) -> Result<Vec<PluginEvent>, StoreError> {
        let key = (name.clone(), version.clone());
        Ok(self.state().plugins.get(&key).map(|entry| entry.history.clone()).unwrap_or_default())
    }
}

impl State {
    pub(super) fn update(&mut self, plugin: &Plugin, events: Vec<PluginEvent>) -> Result<(), StoreError> {
        let key = (plugin.manifest.name.clone(), plugin.manifest.version.clone());
        let known = self.plugins.get_mut(&key).ok_or(StoreError::NotFound)?;
        let Plugin { state, approved_at, retired_at, check, .. } = plugin.clone();
        known.plugin = Plugin { state, approved_at, retired_at, check, ..known.plugin.clone() };
        known.history.extend(events);
        Ok(())
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
