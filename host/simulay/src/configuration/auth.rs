//! Who may use the server.

use serde::Deserialize;

/// Who may use the server.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Auth {
    /// How it tells who asks.
    pub(crate) mode: AuthMode,
}

/// How the server tells who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum AuthMode {
    /// Not at all: whoever reaches it is the one person it serves.
    Local,
    /// By the tokens of accounts.
    Accounts,
}
