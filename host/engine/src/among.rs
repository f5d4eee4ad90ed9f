//! Whose results are taken.

/// Whose results calls take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReuseAmong {
    /// Nobody's: each is computed.
    Nobody,
    /// Those of the same account.
    Account,
    /// Those of all accounts: each may find out by time which calls others made.
    All,
}
