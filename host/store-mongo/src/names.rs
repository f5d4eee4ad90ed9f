//! Names of plugins. What holds for all versions of one is decided on the document of its name, which each change
//! of any version that looks at the others sets: of two at once, one is first.

use mongodb::ClientSession;
use mongodb::bson::{Document, doc};
use semver::Version;
use simulay_model::{OwnerFilter, Plugin, PluginEffects, PluginName, Quotas, Usage, Visibility};
use simulay_store::{Added, StoreError};

use crate::failure::{Failure, MongoResult};
use crate::fields::{number, signed, text};
use crate::schema::{PLUGIN_NAMES, PLUGINS};
use crate::store::MongoStore;
use crate::{filter, versions};

impl MongoStore {
    /// Adds a version, if the revision of all versions is `expected`.
    pub(crate) async fn add_version(
        &self,
        session: &mut ClientSession,
        plugin: &Plugin,
        expected: Option<u64>,
        quotas: &Quotas,
    ) -> MongoResult<Added> {
        let (name, version) = (&plugin.manifest.name, &plugin.manifest.version);
        let named = self.named(session, name).await?;
        if let Some(named) = &named
            && text(named, "owner")? != plugin.owner.as_str()
        {
            return Err(StoreError::NameTaken.into());
        }
        if let Some(known) = self.known(session, name, version).await? {
            let same = text(&known, "sha256")? == plugin.sha256.to_string();
            return if same { Ok(Added::Known) } else { Err(StoreError::VersionExists.into()) };
        }
        expect(named.as_ref(), expected)?;
        let now = self.moment.now();
        self.admit_plugin(session, quotas, plugin, now).await?;
        let visibility = named.as_ref().map_or(Ok(Visibility::Private), versions::visibility)?;
        self.move_on(session, plugin, named.is_none()).await?;
        self.documents(PLUGINS)
            .insert_one(versions::document(plugin, &visibility)?)
            .session(&mut *session)
            .await?;
        self.count(session, &plugin.owner, now, Usage::of_upload(plugin.size)).await?;
        self.touch(session, PLUGINS, this(name, version)).await?;
        Ok(Added::New)
    }

    pub(crate) async fn named(
        &self,
        session: &mut ClientSession,
        name: &PluginName,
    ) -> MongoResult<Option<Document>> {
        let names = self.documents(PLUGIN_NAMES);
        Ok(names.find_one(doc! { "_id": name.as_str() }).session(session).await?)
    }

    pub(crate) async fn known(
        &self,
        session: &mut ClientSession,
        name: &PluginName,
        version: &Version,
    ) -> MongoResult<Option<Document>> {
        let plugins = self.documents(PLUGINS);
        let found = plugins.find_one(this(name, version)).session(session);
        Ok(found.projection(doc! { "sha256": 1 }).await?)
    }

    /// Takes down that the name has one version more, or takes the name.
    pub(crate) async fn move_on(
        &self,
        session: &mut ClientSession,
        plugin: &Plugin,
        is_first: bool,
    ) -> MongoResult<()> {
        let (name, revision) = (plugin.manifest.name.as_str(), signed(plugin.revision)?.saturating_add(1));
        let names = self.documents(PLUGIN_NAMES);
        if is_first {
            let mut named = doc! { "_id": name, "owner": plugin.owner.as_str(), "revision": revision };
            named.extend(versions::shown_to(&Visibility::Private));
            // Whoever took it at the same time is seen in the next try.
            names
                .insert_one(named)
                .session(session)
                .await
                .map_err(|error| Failure::from(error).once_more())?;
        } else {
            let changed = doc! { "$inc": { "revision": revision } };
            names.update_one(doc! { "_id": name }, changed).session(session).await?;
        }
        Ok(())
    }

    /// Stores effects on a life, if the version and all versions are what they were decided on.
    pub(crate) async fn change_life(
        &self,
        session: &mut ClientSession,
        name: &PluginName,
        version: &Version,
        effects: &PluginEffects,
    ) -> MongoResult<()> {
        if self.known(session, name, version).await?.is_none() {
            return Err(StoreError::NotFound.into());
        }
        expect(self.named(session, name).await?.as_ref(), effects.versions)?;
        let mut before = this(name, version);
        before.insert("revision", signed(effects.life.revision)?.saturating_sub(1));
        let told: Vec<_> = effects.events.iter().map(versions::event).collect();
        let change =
            doc! { "$set": versions::life(&effects.life)?, "$push": { "history": { "$each": told } } };
        let plugins = self.documents(PLUGINS);
        let changed = plugins.update_one(before, change).session(&mut *session).await?;
        if changed.matched_count == 0 {
            return Err(StoreError::Stale.into());
        }
        let moved = doc! { "$inc": { "revision": 1_i64 } };
        let names = self.documents(PLUGIN_NAMES);
        names.update_one(doc! { "_id": name.as_str() }, moved).session(&mut *session).await?;
        self.touch(session, PLUGINS, this(name, version)).await
    }

    /// Says who sees a plugin, when the filter finds it among those that may be changed.
    pub(crate) async fn show_to(
        &self,
        session: &mut ClientSession,
        owner: &OwnerFilter,
        name: &PluginName,
        visibility: &Visibility,
    ) -> MongoResult<()> {
        let change = doc! { "$set": versions::shown_to(visibility) };
        let named = doc! { "$and": [{ "_id": name.as_str() }, filter::own_names(owner)] };
        let names = self.documents(PLUGIN_NAMES);
        let changed = names.update_one(named, change.clone()).session(&mut *session).await?;
        if changed.matched_count == 0 {
            return Err(StoreError::NotFound.into());
        }
        let of_all = doc! { "name": name.as_str() };
        self.documents(PLUGINS).update_many(of_all, change).session(session).await?;
        Ok(())
    }
}

fn this(name: &PluginName, version: &Version) -> Document {
    doc! { "name": name.as_str(), "version": version.to_string() }
}

/// Holds the revision of all versions, as the model counts it, against what a decision was made on.
fn expect(named: Option<&Document>, expected: Option<u64>) -> MongoResult<()> {
    let stored: u64 = named.map_or(Ok(0), |named| number(named, "revision"))?;
    if expected.is_none_or(|expected| expected == stored) { Ok(()) } else { Err(StoreError::Stale.into()) }
}
