//! Plugins and their lives.

mod details;
mod gate;
mod life;
mod uploads;

use std::collections::HashSet;
use std::sync::Arc;

use parking_lot::Mutex;
use simulay_containers::{ContainerError, RegisteredImage};
use simulay_model::{AccountName, OwnerFilter, Plugin, PluginRef, PluginSummary, Principal};

use crate::reader::Reader;
use crate::shared::Shared;
use crate::{EngineError, Selector, accept};

pub use details::PluginDetails;
pub use life::{Activation, RolledBack};
pub use uploads::Submission;

/// Plugins and their lives. Cheap to clone.
#[derive(Clone)]
pub struct Catalog {
    shared: Arc<Shared>,
    /// Waits for the runs of examples.
    reader: Reader,
    /// The versions whose checks this process sees through.
    checking: Arc<Mutex<HashSet<PluginRef>>>,
}

impl Catalog {
    pub(crate) fn new(shared: Arc<Shared>, reader: Reader) -> Self {
        Self { shared, reader, checking: Arc::default() }
    }

    /// All versions of all plugins.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn plugins(&self, principal: &Principal) -> Result<Vec<PluginSummary>, EngineError> {
        let mut plugins = self.shared.parts.plugins.list(&principal.visible_plugins()).await?;
        let own = principal.own_plugins();
        for plugin in &mut plugins {
            conceal(&own, &plugin.owner, &mut plugin.uploader);
        }
        Ok(plugins)
    }

    /// A version, whatever its state; or the one that serves the pipeline.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn plugin(
        &self,
        principal: &Principal,
        selector: &Selector,
    ) -> Result<Option<Plugin>, EngineError> {
        let mut found = accept::find(&self.shared.parts, &principal.visible_plugins(), selector).await?;
        if let Some(plugin) = &mut found {
            conceal(&principal.own_plugins(), &plugin.owner, &mut plugin.uploader);
        }
        Ok(found)
    }

    /// The operator's images, which all may use, and whether Docker has them.
    ///
    /// # Errors
    /// When Docker does not answer.
    pub async fn images(&self) -> Result<Vec<RegisteredImage>, ContainerError> {
        self.shared.parts.containers.images().await
    }
}

/// From where a plugin was uploaded is told to whoever may change it, of the `own` ones.
fn conceal(own: &OwnerFilter, owner: &AccountName, uploader: &mut String) {
    if !own.admits(owner) {
        uploader.clear();
    }
}
