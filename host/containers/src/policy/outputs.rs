//! The patterns of the files to keep.

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use simulay_model::MAX_PATH_BYTES;

use super::denied;
use crate::ContainerError;

const MAX_PATTERNS: usize = 64;

/// Checks the patterns, and reads them as `simulay-init` does.
pub(super) fn check(patterns: &[String]) -> Result<(Vec<String>, GlobSet), ContainerError> {
    if patterns.len() > MAX_PATTERNS {
        return Err(denied("outputs", format!("at most {MAX_PATTERNS} patterns are allowed")));
    }
    let mut set = GlobSetBuilder::new();
    for (index, pattern) in patterns.iter().enumerate() {
        let denied = |rule: String| denied(format!("outputs[{index}]"), rule);
        check_pattern(pattern).map_err(|rule| denied(rule.to_owned()))?;
        let glob = GlobBuilder::new(pattern).literal_separator(true).build();
        set.add(glob.map_err(|error| denied(format!("is no glob pattern: {}", error.kind())))?);
    }
    let set = set.build().map_err(|_| denied("outputs", "the patterns are too many or too long"))?;
    Ok((patterns.to_vec(), set))
}

fn check_pattern(pattern: &str) -> Result<(), &'static str> {
    if pattern.is_empty() || pattern.len() > MAX_PATH_BYTES {
        return Err("a pattern has 1 to 1024 bytes");
    }
    if pattern.starts_with('/') {
        return Err("a pattern must be relative to the working directory");
    }
    if pattern.split('/').any(|part| part == "..") {
        return Err("a pattern must not contain `..`");
    }
    if pattern.chars().any(char::is_control) {
        return Err("a pattern must not contain control characters");
    }
    Ok(())
}
