//! What a plugin asks for, and what it gets here.

use std::collections::BTreeSet;

use semver::Version;
use simulay_containers::{ContainerError, Permissions};
use simulay_model::permissions::{Lowered, PermissionIncrease, increases, lowered};
use simulay_model::{
    ContainerCall, Manifest, OnFailure, Plugin, PluginEvent, Principal, Resources, Visibility,
};

use super::Catalog;
use crate::approval::approved_before;
use crate::{EngineError, UnknownImages};

/// A plugin with what it may do here.
#[derive(Debug, Clone, PartialEq)]
pub struct PluginDetails {
    /// The record.
    pub plugin: Plugin,
    /// Who sees it; of whom it is shared with, its owner and operators are told.
    pub visibility: Visibility,
    /// The approved version it is compared with; none when it is the first.
    pub compared_with: Option<Version>,
    /// What it asks for beyond that one; everything when it is the first.
    pub asks_more: Vec<PermissionIncrease>,
    /// What that one asks for beyond it.
    pub asks_less: Vec<PermissionIncrease>,
    /// The most one of its containers gets.
    pub granted: Resources,
    /// Bounds that the operator sets lower than it asks.
    pub lowered: Vec<Lowered>,
    /// Images it declares that are not registered: it is not activated until they are.
    pub unknown_images: Vec<String>,
    /// What happened to it, in order; its owner and operators are told.
    pub history: Vec<PluginEvent>,
}

impl Catalog {
    /// What there is to know of a plugin.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn details(&self, principal: &Principal, plugin: Plugin) -> Result<PluginDetails, EngineError> {
        let asked = plugin.manifest.max_resources;
        let most = self.shared.settings.plugins.most;
        let (plugins, visible) = (&self.shared.parts.plugins, principal.visible_plugins());
        let versions = plugins.versions(&visible, &plugin.manifest.name).await?;
        let before = compared(&versions, &plugin);
        let now = &plugin.manifest;
        Ok(PluginDetails {
            compared_with: before.map(|before| before.version.clone()),
            asks_more: increases(before, now),
            asks_less: before.map(|before| increases(Some(now), before)).unwrap_or_default(),
            visibility: self.visibility(principal, &plugin).await?,
            history: plugins.history(&principal.own_plugins(), &now.name, &now.version).await?,
            granted: asked.min(&most),
            lowered: lowered(&asked, &most),
            unknown_images: self.unknown_images(&plugin.manifest),
            plugin,
        })
    }

    /// With whom it is shared is told to whoever may change that.
    async fn visibility(&self, principal: &Principal, plugin: &Plugin) -> Result<Visibility, EngineError> {
        let (plugins, name) = (&self.shared.parts.plugins, &plugin.manifest.name);
        let visibility = plugins.visibility(&principal.visible_plugins(), name).await?;
        Ok(match visibility {
            Visibility::Shared(_) if !principal.own_plugins().admits(&plugin.owner) => {
                Visibility::Shared(BTreeSet::new())
            }
            told => told,
        })
    }

    /// What `plugin` asks for beyond the version approved last.
    pub(super) async fn asks_more(
        &self,
        principal: &Principal,
        plugin: &Plugin,
    ) -> Result<Vec<PermissionIncrease>, EngineError> {
        let versions = self.versions(principal, &plugin.manifest.name).await?;
        let before = approved_before(&versions, &plugin.manifest);
        Ok(increases(before.map(|before| &before.manifest), &plugin.manifest))
    }

    /// Refuses a plugin that could not run here.
    pub(super) fn check_images(&self, manifest: &Manifest) -> Result<(), UnknownImages> {
        let unknown = self.unknown_images(manifest);
        if unknown.is_empty() { Ok(()) } else { Err(UnknownImages(unknown)) }
    }

    /// Declared images that the policy refuses.
    fn unknown_images(&self, manifest: &Manifest) -> Vec<String> {
        let permissions = Permissions::from(manifest);
        let refused = |name: &String| {
            let admitted = self.shared.parts.admission.admit(&asking_for(manifest, name), &permissions);
            matches!(admitted, Err(ContainerError::ImageNotAllowed { .. }))
        };
        manifest.images.iter().map(|image| image.name.clone()).filter(refused).collect()
    }
}

/// What `plugin` is compared with: while it is not approved, what the policy compares it with;
/// then the highest approved version below it.
fn compared<'a>(versions: &'a [Plugin], plugin: &Plugin) -> Option<&'a Manifest> {
    let below =
        |other: &&Plugin| other.approved_at.is_some() && other.manifest.version < plugin.manifest.version;
    let before = match plugin.approved_at {
        None => approved_before(versions, &plugin.manifest),
        Some(_) => versions.iter().find(below),
    };
    before.map(|before| &before.manifest)
}

/// A call that asks for nothing but an image.
fn asking_for(manifest: &Manifest, image: &str) -> ContainerCall {
    ContainerCall {
        name: "image".to_owned(),
        image: image.to_owned(),
        command: vec!["true".to_owned()],
        env: Vec::new(),
        files: Vec::new(),
        outputs: Vec::new(),
        excludes: Vec::new(),
        keep_unchanged: true,
        resources: manifest.max_resources,
        on_failure: OnFailure::FailRun,
        deterministic: true,
    }
}
