//! Uploaded plugins and how they are named.

use std::fmt;

use jiff::Timestamp;
use semver::Version;
use serde::{Deserialize, Serialize};

use crate::{
    AccountName, Check, Digest, Isolation, Manifest, PluginEffects, PluginEvent, PluginEventKind, PluginLife,
    PluginName, PluginState,
};

/// A plugin version and the exact bytes that go by it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PluginRef {
    /// Name.
    pub name: PluginName,
    /// Semantic version.
    pub version: Version,
    /// Address of the component.
    pub sha256: Digest,
}

impl fmt::Display for PluginRef {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}@{}", self.name, self.version)
    }
}

/// What inspection finds in a component.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Inspection {
    /// What it says of itself, checked.
    pub manifest: Manifest,
    /// The version of the contract it was built against.
    pub contract: Version,
    /// What it was made with, as its `producers` sections say; nothing vouches for it.
    pub tools: Vec<Tool>,
}

/// An entry of a `producers` section.
/// Source: <https://github.com/WebAssembly/tool-conventions/blob/main/ProducersSection.md>
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Tool {
    /// `language`, `processed-by` or `sdk`.
    pub role: String,
    /// Name, e.g. `rustc`.
    pub name: String,
    /// Version as the tool wrote it.
    pub version: String,
}

/// An uploaded plugin. What was uploaded never changes; where it is in its life does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plugin {
    /// Address of the component.
    pub sha256: Digest,
    /// Bytes of the component.
    pub size: u64,
    /// What it says of itself.
    pub manifest: Manifest,
    /// The version of the contract it was built against.
    pub contract: Version,
    /// What it was made with, as it says.
    pub tools: Vec<Tool>,
    /// Whose it is; all versions of a name have one owner.
    pub owner: AccountName,
    /// Who uploaded this version.
    pub uploaded_by: AccountName,
    /// How it came, e.g. `rest from 127.0.0.1`.
    pub uploader: String,
    /// When it was uploaded.
    pub uploaded_at: Timestamp,
    /// Whether it takes new runs.
    pub state: PluginState,
    /// When what it asks for was granted.
    pub approved_at: Option<Timestamp>,
    /// When it was retired, while it is.
    pub retired_at: Option<Timestamp>,
    /// The newest check of its examples.
    pub check: Option<Check>,
    /// What keeps its calls from each other.
    pub isolation: Isolation,
    /// How many changes of its life were stored since it came.
    pub revision: u64,
}

impl Plugin {
    /// Its name, version and address.
    #[must_use]
    pub fn reference(&self) -> PluginRef {
        let Manifest { name, version, .. } = &self.manifest;
        PluginRef { name: name.clone(), version: version.clone(), sha256: self.sha256 }
    }

    /// Where it is in its life.
    #[must_use]
    pub fn life(&self) -> PluginLife {
        let Self { state, approved_at, retired_at, isolation, revision, .. } = *self;
        PluginLife { state, approved_at, retired_at, check: self.check.clone(), isolation, revision }
    }

    /// The first event of it.
    #[must_use]
    pub fn uploaded(&self) -> PluginEvent {
        let (account, by) = (self.uploaded_by.clone(), self.uploader.clone());
        PluginEvent { at: self.uploaded_at, kind: PluginEventKind::Uploaded, account, by }
    }

    /// Takes in effects that are stored.
    pub fn apply(&mut self, effects: &PluginEffects) {
        let PluginLife { state, approved_at, retired_at, check, isolation, revision } = effects.life.clone();
        (self.state, self.approved_at, self.retired_at) = (state, approved_at, retired_at);
        (self.check, self.isolation, self.revision) = (check, isolation, revision);
    }

    /// True when its pipeline may be served by it: active, and no pre-release.
    #[must_use]
    pub fn is_servable(&self) -> bool {
        is_servable(self.state, &self.manifest.version)
    }

    /// What a list shows of it.
    #[must_use]
    pub fn summary(&self) -> PluginSummary {
        let Manifest { name, version, title, .. } = &self.manifest;
        PluginSummary {
            name: name.clone(),
            version: version.clone(),
            title: title.clone(),
            sha256: self.sha256,
            size: self.size,
            owner: self.owner.clone(),
            uploader: self.uploader.clone(),
            uploaded_at: self.uploaded_at,
            state: self.state,
            approved_at: self.approved_at,
            retired_at: self.retired_at,
        }
    }
}

/// The revision of all versions of a plugin: the number of uploads and changes. A version is never removed, so
/// that it only grows.
#[must_use]
pub fn revision_of(versions: &[Plugin]) -> u64 {
    versions.iter().map(|version| version.revision.saturating_add(1)).fold(0, u64::saturating_add)
}

/// What a list shows of a [`Plugin`]: nothing that its author may make large.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PluginSummary {
    /// Name.
    pub name: PluginName,
    /// Semantic version.
    pub version: Version,
    /// One line.
    pub title: String,
    /// Address of the component.
    pub sha256: Digest,
    /// Bytes of the component.
    pub size: u64,
    /// Whose it is; all versions of a name have one owner.
    pub owner: AccountName,
    /// How it came, e.g. `rest from 127.0.0.1`.
    pub uploader: String,
    /// When it was uploaded.
    pub uploaded_at: Timestamp,
    /// Whether it takes new runs.
    pub state: PluginState,
    /// When what it asks for was granted.
    pub approved_at: Option<Timestamp>,
    /// When it was retired, while it is.
    pub retired_at: Option<Timestamp>,
}

impl PluginSummary {
    /// True when its pipeline may be served by it: active, and no pre-release.
    #[must_use]
    pub fn is_servable(&self) -> bool {
        is_servable(self.state, &self.version)
    }
}

fn is_servable(state: PluginState, version: &Version) -> bool {
    state == PluginState::Active && version.pre.is_empty()
}
