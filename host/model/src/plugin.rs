//! Uploaded plugins and how they are named.

use std::fmt;

use jiff::Timestamp;
use semver::Version;
use serde::{Deserialize, Serialize};

use crate::{Digest, Manifest, PluginName};

/// A plugin version and the exact bytes that go by it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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

/// An uploaded plugin; immutable but for its retirement.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plugin {
    /// Address of the component.
    pub sha256: Digest,
    /// Bytes of the component.
    pub size: u64,
    /// What it says of itself.
    pub manifest: Manifest,
    /// When it was uploaded.
    pub uploaded_at: Timestamp,
    /// When it was retired: no new runs from then on.
    pub retired_at: Option<Timestamp>,
}

impl Plugin {
    /// Its name, version and address.
    #[must_use]
    pub fn reference(&self) -> PluginRef {
        PluginRef {
            name: self.manifest.name.clone(),
            version: self.manifest.version.clone(),
            sha256: self.sha256,
        }
    }
}
