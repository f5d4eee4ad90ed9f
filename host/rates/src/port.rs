//! The port: counting against a limit.

use std::time::Duration;

use async_trait::async_trait;

use crate::Rate;

/// Counts how often somebody asks. Nothing of it can fail: who cannot count with others counts alone.
#[async_trait]
pub trait Rates: Send + Sync {
    /// Counts one of `who` against the limit called `limit`, unless it has asked too often. With another rate it
    /// begins anew.
    ///
    /// # Errors
    /// [`Exhausted`] when it has asked too often; that does not count.
    async fn take(&self, limit: &'static str, who: &str, rate: Rate) -> Result<Standing, Exhausted>;
}

/// Where somebody stands with a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// How often he may ask at once.
    pub left: u32,
    /// Until all is there again.
    pub time: Duration,
}

/// Somebody has asked too often.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exhausted {
    /// Until one more is allowed.
    pub time: Duration,
}
