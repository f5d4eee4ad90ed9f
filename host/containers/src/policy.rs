//! Which container calls are admitted: what the plugin asks, and the manifest declares, and the
//! operator grants.

mod admitted;
mod command;
mod files;
mod outputs;

use std::collections::BTreeMap;

use simulay_model::{ContainerCall, Resources};

use crate::error::shown;
use crate::{ContainerError, ImageId, Permissions};

pub use admitted::{Admitted, Content, TMP_MIB};
pub use outputs::CompiledPatterns;

const MAX_NAME: usize = 64;
/// Docker takes no less.
const MIN_CPU_MILLI: u32 = 10;

/// Decides which container calls are admitted. Pure: it asks nobody, so that everyone who has the operator's
/// settings can decide.
pub trait Admission: Send + Sync {
    /// Checks a call against what its plugin is permitted and the operator grants.
    ///
    /// # Errors
    /// The first rule broken, with its field.
    fn admit(&self, call: &ContainerCall, permissions: &Permissions) -> Result<Admitted, ContainerError>;
}

/// What the operator grants.
#[derive(Debug, Clone, Default)]
pub struct Policy {
    /// Image IDs by logical name. What is not here is not allowed.
    pub images: BTreeMap<String, ImageId>,
    /// Bounds of each call.
    pub limits: Limits,
    /// What it remembers of the patterns of calls.
    pub patterns: CompiledPatterns,
}

/// Bounds of one container call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The most one container may use.
    pub resources: Resources,
    /// The most files put into the working directory.
    pub max_files: usize,
    /// The most bytes of files the plugin wrote itself.
    pub max_input_bytes: u64,
    /// The most bytes of standard output that are kept, its first and its last part, and as many of
    /// standard error.
    pub max_stream_bytes: u64,
    /// Whether a command that prints more than that is ended.
    pub end_on_stream_limit: bool,
    /// The most bytes of all outputs together.
    pub max_output_bytes: u64,
    /// The most outputs.
    pub max_outputs: u32,
    /// From TERM to KILL, milliseconds.
    pub grace_ms: u64,
    /// How long a container holds its results for a host that is away, milliseconds.
    pub hold_ms: u64,
}

impl Default for Limits {
    fn default() -> Self {
        let resources =
            Resources { cpu_milli: 2000, memory_mib: 2048, scratch_mib: 2048, timeout_ms: 3_600_000 };
        Self {
            resources,
            max_files: 10_000,
            max_input_bytes: 64 << 20,
            max_stream_bytes: 16 << 20,
            end_on_stream_limit: false,
            max_output_bytes: 2 << 30,
            max_outputs: 10_000,
            grace_ms: 10_000,
            hold_ms: 3_600_000,
        }
    }
}

impl Admission for Policy {
    fn admit(&self, call: &ContainerCall, permissions: &Permissions) -> Result<Admitted, ContainerError> {
        check_name(&call.name)?;
        let image = self.image(&call.image, permissions)?;
        outputs::check("outputs", &call.outputs, &self.patterns)?;
        outputs::check("excludes", &call.excludes, &self.patterns)?;
        Ok(Admitted {
            name: call.name.clone(),
            image_name: call.image.clone(),
            image,
            command: command::check(&call.command)?,
            env: command::check_env(&call.env)?,
            files: files::check(&call.files, &self.limits)?,
            outputs: call.outputs.clone(),
            excludes: call.excludes.clone(),
            keep_unchanged: call.keep_unchanged,
            resources: self.resources(&call.resources, permissions)?,
            limits: self.limits,
        })
    }
}

impl Policy {
    fn image(&self, name: &str, permissions: &Permissions) -> Result<ImageId, ContainerError> {
        let refuse = |rule: String| ContainerError::ImageNotAllowed { image: shown(name), rule };
        if !permissions.images.contains(name) {
            return Err(refuse("the plugin's manifest does not declare it".to_owned()));
        }
        self.images.get(name).copied().ok_or_else(|| {
            let cure = format!("`simulay images register {} IMAGE`", shown(name));
            refuse(format!("the operator has not registered it; {cure} does"))
        })
    }

    fn resources(&self, asked: &Resources, permissions: &Permissions) -> Result<Resources, ContainerError> {
        let denied = |bound: &str, rule: String| denied(format!("resources.{bound}"), rule);
        if let Some(bound) = asked.zero() {
            return Err(denied(bound, "must not be 0".to_owned()));
        }
        if asked.cpu_milli < MIN_CPU_MILLI {
            return Err(denied("cpu_milli", format!("must be at least {MIN_CPU_MILLI}")));
        }
        if let Some((bound, value, limit)) = asked.exceeds(&permissions.max_resources) {
            return Err(denied(bound, format!("{value} is over the {limit} that the manifest declares")));
        }
        Ok(asked.min(&self.limits.resources))
    }
}

fn check_name(name: &str) -> Result<(), ContainerError> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    if name.is_empty() || name.len() > MAX_NAME || !name.chars().all(plain) {
        return Err(denied("name", format!("1 to {MAX_NAME} letters, digits, `.`, `_` and `-` are allowed")));
    }
    Ok(())
}

fn denied(field: impl Into<String>, rule: impl Into<String>) -> ContainerError {
    ContainerError::SpecDenied { field: field.into(), rule: rule.into() }
}

#[cfg(test)]
mod tests;
