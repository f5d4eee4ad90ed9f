//! Uploaded plugins.

use async_trait::async_trait;
use futures_util::{FutureExt as _, TryStreamExt as _};
use mongodb::bson::{Document, doc};
use semver::Version;
use simulay_model::{
    OwnerFilter, Plugin, PluginEffects, PluginEvent, PluginName, PluginSummary, Quotas, Visibility,
};
use simulay_store::{Added, Plugins, StoreError};

use crate::failure::MongoResult;
use crate::schema::PLUGINS;
use crate::store::MongoStore;
use crate::{filter, versions};

#[async_trait]
impl Plugins for MongoStore {
    async fn add_within(
        &self,
        plugin: Plugin,
        versions: Option<u64>,
        quotas: &Quotas,
    ) -> Result<Added, StoreError> {
        self.transaction((self, plugin, versions, quotas), |session, (store, plugin, versions, quotas)| {
            store.add_version(session, plugin, *versions, quotas).boxed()
        })
        .await
    }

    async fn version(
        &self,
        owner: &OwnerFilter,
        name: &PluginName,
        version: &Version,
    ) -> Result<Option<Plugin>, StoreError> {
        self.bounded(async {
            let plugins = self.documents(PLUGINS);
            let found = plugins.find_one(one(owner, name, version)).await?;
            found.as_ref().map(versions::plugin).transpose()
        })
        .await
    }

    async fn served(&self, owner: &OwnerFilter, name: &PluginName) -> Result<Option<Plugin>, StoreError> {
        // Of all that are active, so that one query sees one moment of each.
        let active = doc! { "$and": [{ "name": name.as_str(), "state": "active" }, filter::plugins(owner)] };
        let active = self.bounded(self.plugins(active)).await?;
        Ok(active.into_iter().find(|plugin| plugin.manifest.version.pre.is_empty()))
    }

    async fn versions(&self, owner: &OwnerFilter, name: &PluginName) -> Result<Vec<Plugin>, StoreError> {
        let named = doc! { "$and": [{ "name": name.as_str() }, filter::plugins(owner)] };
        self.bounded(self.plugins(named)).await
    }

    async fn list(&self, owner: &OwnerFilter) -> Result<Vec<PluginSummary>, StoreError> {
        self.bounded(async {
            let plugins = self.documents(PLUGINS);
            let found = plugins.find(filter::plugins(owner));
            let found: Vec<_> = found.projection(versions::summary_fields()).await?.try_collect().await?;
            let mut plugins = found.iter().map(versions::summary).collect::<MongoResult<Vec<_>>>()?;
            plugins.sort_by(|a, b| a.name.cmp(&b.name).then_with(|| b.version.cmp(&a.version)));
            Ok(plugins)
        })
        .await
    }

    async fn set_visibility(
        &self,
        owner: &OwnerFilter,
        name: &PluginName,
        visibility: Visibility,
    ) -> Result<(), StoreError> {
        self.transaction((self, owner, name, visibility), |session, (store, owner, name, visibility)| {
            store.show_to(session, owner, name, visibility).boxed()
        })
        .await
    }

    async fn visibility(&self, owner: &OwnerFilter, name: &PluginName) -> Result<Visibility, StoreError> {
        self.bounded(async {
            let named = doc! { "$and": [{ "name": name.as_str() }, filter::plugins(owner)] };
            let plugins = self.documents(PLUGINS);
            let found = plugins.find_one(named);
            let found = found.projection(doc! { "public": 1, "shared": 1 }).await?;
            found.as_ref().map_or(Ok(Visibility::Private), versions::visibility)
        })
        .await
    }

    async fn checking(&self) -> Result<Vec<Plugin>, StoreError> {
        self.bounded(self.plugins(doc! { "checking": true })).await
    }

    async fn commit(
        &self,
        name: &PluginName,
        version: &Version,
        effects: Box<PluginEffects>,
    ) -> Result<(), StoreError> {
        self.transaction((self, name, version, effects), |session, (store, name, version, effects)| {
            store.change_life(session, name, version, effects).boxed()
        })
        .await
    }

    async fn history(
        &self,
        owner: &OwnerFilter,
        name: &PluginName,
        version: &Version,
    ) -> Result<Vec<PluginEvent>, StoreError> {
        self.bounded(async {
            let plugins = self.documents(PLUGINS);
            let found = plugins.find_one(one(owner, name, version));
            let found = found.projection(doc! { "history": 1 }).await?;
            found.as_ref().map_or_else(|| Ok(Vec::new()), versions::history)
        })
        .await
    }
}

/// One version, when it is found.
fn one(owner: &OwnerFilter, name: &PluginName, version: &Version) -> Document {
    doc! { "$and": [{ "name": name.as_str(), "version": version.to_string() }, filter::plugins(owner)] }
}

impl MongoStore {
    /// The versions that a query finds, by name and then from the highest version down.
    async fn plugins(&self, query: Document) -> MongoResult<Vec<Plugin>> {
        let found: Vec<Document> = self.documents(PLUGINS).find(query).await?.try_collect().await?;
        let mut plugins = found.iter().map(versions::plugin).collect::<MongoResult<Vec<_>>>()?;
        plugins.sort_by(|a, b| {
            let (a, b) = (&a.manifest, &b.manifest);
            a.name.cmp(&b.name).then_with(|| b.version.cmp(&a.version))
        });
        Ok(plugins)
    }
}
