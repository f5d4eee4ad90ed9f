//! A call that was admitted.

use std::collections::BTreeMap;

use bytes::Bytes;
use simulay_model::{Digest, RelativePath, Resources};

use super::Limits;
use crate::{Capacity, ImageId};

/// What every container has in `/tmp`, MiB.
pub const TMP_MIB: u64 = 64;
/// `simulay-init` itself.
const INIT_MIB: u64 = 16;
const MIB: u64 = 1 << 20;

/// A call the policy admits. Only the policy makes one: it cannot be read from what another process says.
///
/// ```compile_fail
/// fn is_read<T: serde::de::DeserializeOwned>() {}
/// is_read::<simulay_containers::Admitted>();
/// ```
#[derive(Debug, Clone)]
pub struct Admitted {
    pub(super) name: String,
    pub(super) image_name: String,
    pub(super) image: ImageId,
    pub(super) command: Vec<String>,
    pub(super) env: BTreeMap<String, String>,
    pub(super) files: Vec<(RelativePath, Content)>,
    pub(super) outputs: Vec<String>,
    pub(super) excludes: Vec<String>,
    pub(super) keep_unchanged: bool,
    /// Within the manifest's bounds and the operator's.
    pub(super) resources: Resources,
    pub(super) limits: Limits,
}

/// Where the bytes of a file come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// The call brings them.
    Inline(Bytes),
    /// An artifact of the run has them.
    Artifact(Digest),
}

impl Admitted {
    /// Unique within its step.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The logical name of its image.
    #[must_use]
    pub fn image_name(&self) -> &str {
        &self.image_name
    }

    /// The image that the operator has under that name.
    #[must_use]
    pub const fn image(&self) -> ImageId {
        self.image
    }

    /// What is run in it.
    #[must_use]
    pub fn command(&self) -> &[String] {
        &self.command
    }

    /// Variables of the command, beside those that every command has.
    #[must_use]
    pub const fn env(&self) -> &BTreeMap<String, String> {
        &self.env
    }

    /// What is put into the working directory.
    #[must_use]
    pub fn files(&self) -> &[(RelativePath, Content)] {
        &self.files
    }

    /// Patterns of the files to keep.
    #[must_use]
    pub fn outputs(&self) -> &[String] {
        &self.outputs
    }

    /// Patterns of files that are not kept although `outputs` asks for them.
    #[must_use]
    pub fn excludes(&self) -> &[String] {
        &self.excludes
    }

    /// Whether files that were put there and left as they were are kept as well.
    #[must_use]
    pub const fn keeps_unchanged(&self) -> bool {
        self.keep_unchanged
    }

    /// What the container may use: as asked, or lowered to the operator's bounds.
    #[must_use]
    pub const fn resources(&self) -> Resources {
        self.resources
    }

    /// The operator's bounds.
    #[must_use]
    pub const fn limits(&self) -> &Limits {
        &self.limits
    }

    /// What the node gives for it: more memory than the command may use, since what it prints, its
    /// files and init lie in memory as well.
    #[must_use]
    pub const fn demand(&self) -> Capacity {
        let cpu_milli = self.resources.cpu_milli as u64;
        Capacity { cpu_milli, memory_mib: self.memory_bytes().div_ceil(MIB) }
    }

    /// The memory of its container. The command's, both tmpfs and init's: all of it counts against one bound.
    #[must_use]
    pub const fn memory_bytes(&self) -> u64 {
        let held = self.limits.max_stream_bytes.saturating_mul(2);
        let asked = (self.resources.memory_mib as u64 + self.resources.scratch_mib as u64) * MIB;
        asked.saturating_add((TMP_MIB + INIT_MIB) * MIB).saturating_add(held)
    }
}
