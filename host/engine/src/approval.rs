//! Which uploads wait for the operator.

use simulay_model::permissions::increases;
use simulay_model::{Manifest, Plugin, Resources};

/// When what a version asks for must be approved by the operator.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Approval {
    /// Never: every upload is active at once.
    Never,
    /// Always, for every version.
    Always,
    /// When it asks for more than the highest version that was ever approved. The first version of
    /// a plugin is active at once.
    #[default]
    WhenAskingForMore,
}

/// What the operator decides about plugins.
#[derive(Debug, Clone)]
pub struct PluginPolicy {
    /// Which versions wait for approval.
    pub approval: Approval,
    /// Operators approve what they uploaded themselves.
    pub approve_own: bool,
    /// The most one container gets, whatever a plugin asks for.
    pub most: Resources,
}

impl Default for PluginPolicy {
    fn default() -> Self {
        let most = Resources {
            cpu_milli: u32::MAX,
            memory_mib: u32::MAX,
            scratch_mib: u32::MAX,
            timeout_ms: u64::MAX,
        };
        Self { approval: Approval::default(), approve_own: false, most }
    }
}

impl Approval {
    /// True when `now` waits for the operator; `before` is what was approved last.
    pub(crate) fn is_needed(self, before: Option<&Manifest>, now: &Manifest) -> bool {
        match self {
            Self::Never => false,
            Self::Always => true,
            Self::WhenAskingForMore => before.is_some() && !increases(before, now).is_empty(),
        }
    }
}

/// The highest version but `plugin` that was ever approved; `versions` go from the highest down.
pub(crate) fn approved_before<'a>(versions: &'a [Plugin], plugin: &Manifest) -> Option<&'a Plugin> {
    let other = |one: &&Plugin| one.approved_at.is_some() && one.manifest.version != plugin.version;
    versions.iter().find(other)
}
