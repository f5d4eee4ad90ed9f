//! How often the server may be asked.

use serde::Deserialize;

/// How often the server may be asked; 0 of a second or a minute is no limit.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Limits {
    /// Requests of one address that is not this machine's.
    pub(crate) requests_per_second_per_address: u32,
    /// Of these, how many at once.
    pub(crate) request_burst_per_address: u32,
    /// Requests of one account.
    pub(crate) requests_per_second_per_account: u32,
    /// Of these, how many at once.
    pub(crate) request_burst_per_account: u32,
    /// Tokens that are none, of one address that is not this machine's.
    pub(crate) failures_per_minute: u32,
    /// Of these, how many at once.
    pub(crate) failure_burst: u32,
}
