//! What the calls of a plugin may ask for.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use simulay_model::{Manifest, Resources};

/// What the manifest of a plugin permits its calls. What of it they get is up to the operator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Permissions {
    /// Logical names of images.
    pub images: BTreeSet<String>,
    /// The most that one call asks for.
    pub max_resources: Resources,
}

impl From<&Manifest> for Permissions {
    fn from(manifest: &Manifest) -> Self {
        let images = manifest.images.iter().map(|image| image.name.clone()).collect();
        Self { images, max_resources: manifest.max_resources }
    }
}
