//! The patterns of the files to keep.

use std::num::NonZeroUsize;
use std::sync::Arc;

use lru::LruCache;
use parking_lot::Mutex;
use simulay_init::patterns::{PatternError, Patterns};
use simulay_model::MAX_PATH_BYTES;

use super::denied;
use crate::ContainerError;

const MAX_PATTERNS: usize = 64;
/// Lists of patterns that are remembered.
const KEPT: NonZeroUsize = NonZeroUsize::MIN.saturating_add(31);

/// Lists of patterns that were compiled lately, which shows that they can be and takes longer than all else that is
/// checked of a call. Cheap to clone.
#[derive(Debug, Clone)]
pub struct CompiledPatterns(Arc<Mutex<LruCache<Vec<String>, ()>>>);

impl Default for CompiledPatterns {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(LruCache::new(KEPT))))
    }
}

impl CompiledPatterns {
    fn check(&self, patterns: &[String]) -> Result<(), PatternError> {
        if self.0.lock().get(patterns).is_none() {
            Patterns::new(patterns)?;
            self.0.lock().put(patterns.to_vec(), ());
        }
        Ok(())
    }
}

/// Checks the patterns of `field`: `simulay-init` will read them alike. Which files they fit is its word; only
/// names, number and size of what it hands back are checked again.
pub(super) fn check(
    field: &str,
    patterns: &[String],
    compiled: &CompiledPatterns,
) -> Result<(), ContainerError> {
    if patterns.len() > MAX_PATTERNS {
        return Err(denied(field, format!("at most {MAX_PATTERNS} patterns are allowed")));
    }
    for (index, pattern) in patterns.iter().enumerate() {
        check_pattern(pattern).map_err(|rule| denied(format!("{field}[{index}]"), rule))?;
    }
    compiled.check(patterns).map_err(|error| denied(format!("{field}[{}]", error.index), error.rule))
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
