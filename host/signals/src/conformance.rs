//! What every backend promises, for a test of each.
#![expect(clippy::panic, reason = "part of tests")]

mod relay;
mod signals;

use std::time::Duration;

pub use relay::{Said, check as check_relay, check_between as check_relay_between, said};
pub use signals::{check, check_between};

/// For what is told to come, even from another process.
const PATIENCE: Duration = Duration::from_secs(10);
