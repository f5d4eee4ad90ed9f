//! What a node says of itself.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Capacity, ImageId, PoolStatus, RegisteredImage};

/// A machine with a container runtime, as it is at a moment.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeStatus {
    /// Its name.
    pub name: String,
    /// All that it gives to containers.
    pub capacity: Capacity,
    /// What of it the containers that are there have, whoever asked for them.
    pub reserved: Capacity,
    /// How many of these containers nobody sees to now: those who began them are gone, or pause.
    #[serde(default)]
    pub unattended: u32,
    /// The operator's images, and whether they are there.
    pub images: Vec<RegisteredImage>,
    /// What is said of images that are not there and are pulled, by logical name.
    #[serde(default)]
    pub pulls: BTreeMap<String, String>,
    /// Containers that wait for a call, by the logical name of their image.
    pub warm: BTreeMap<String, u32>,
    /// These in detail, and how many there may be.
    #[serde(default)]
    pub pool: PoolStatus,
    /// It takes no more calls, and lets those at work end.
    pub draining: bool,
    /// Those that it stands for, when it is several nodes as one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub nodes: Vec<NodeStatus>,
}

impl NodeStatus {
    /// The machines: itself, or those that it stands for.
    #[must_use]
    pub fn machines(self) -> Vec<Self> {
        if self.nodes.is_empty() { vec![self] } else { self.nodes }
    }

    /// True when `image` is there under the logical name `name`.
    #[must_use]
    pub fn has(&self, name: &str, image: ImageId) -> bool {
        self.images.iter().any(|found| found.present && found.name == name && found.id == image)
    }
}
