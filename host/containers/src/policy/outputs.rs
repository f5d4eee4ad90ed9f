//! The patterns of the files to keep.

use simulay_init::patterns::Patterns;
use simulay_model::MAX_PATH_BYTES;

use super::denied;
use crate::ContainerError;

const MAX_PATTERNS: usize = 64;

/// Checks the patterns of `field`: `simulay-init` will read them alike. Which files they fit is its word; only
/// names, number and size of what it hands back are checked again.
pub(super) fn check(field: &str, patterns: &[String]) -> Result<(), ContainerError> {
    if patterns.len() > MAX_PATTERNS {
        return Err(denied(field, format!("at most {MAX_PATTERNS} patterns are allowed")));
    }
    for (index, pattern) in patterns.iter().enumerate() {
        check_pattern(pattern).map_err(|rule| denied(format!("{field}[{index}]"), rule))?;
    }
    let read = Patterns::new(patterns).map(|_| ());
    read.map_err(|error| denied(format!("{field}[{}]", error.index), error.rule))
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
