//! Who asks, and whose things are.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::Role;

/// The account that everything belongs to on a host for one person.
const LOCAL: &str = "local";

/// The name of an account: 1 to 64 lower-case letters, digits and `.`, `-`, `_`, `@`; starts with a letter.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AccountName(String);

/// A string that is not the name of an account.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("an account name has 1 to 64 lower-case letters, digits and `.-_@` and starts with a letter")]
pub struct AccountNameError;

impl AccountName {
    /// The account that everything belongs to on a host for one person.
    #[must_use]
    pub fn local() -> Self {
        Self(LOCAL.to_owned())
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for AccountName {
    type Err = AccountNameError;

    fn from_str(text: &str) -> Result<Self, AccountNameError> {
        let starts_well = text.starts_with(|c: char| c.is_ascii_lowercase());
        let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || ".-_@".contains(c);
        if starts_well && text.len() <= 64 && text.chars().all(allowed) {
            Ok(Self(text.to_owned()))
        } else {
            Err(AccountNameError)
        }
    }
}

impl TryFrom<String> for AccountName {
    type Error = AccountNameError;

    fn try_from(text: String) -> Result<Self, AccountNameError> {
        text.parse()
    }
}

impl From<AccountName> for String {
    fn from(name: AccountName) -> Self {
        name.0
    }
}

impl fmt::Display for AccountName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// The account that what comes of it belongs to.
    pub account: AccountName,
    /// What it may do.
    pub role: Role,
    /// How the request came, e.g. `rest from 127.0.0.1`.
    pub via: String,
}

impl Principal {
    /// Who uses a host for one person, and may do everything.
    #[must_use]
    pub fn local(via: &str) -> Self {
        Self { account: AccountName::local(), role: Role::Admin, via: via.to_owned() }
    }

    /// What it gets to see.
    #[must_use]
    pub fn visible(&self) -> OwnerFilter {
        OwnerFilter::Only(self.account.clone())
    }
}

/// Whose things a query finds; what belongs to others is not there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OwnerFilter {
    /// Everybody's: for the host itself, which works for all.
    Any,
    /// Those of one account.
    Only(AccountName),
}

impl OwnerFilter {
    /// True for what belongs to `owner`.
    #[must_use]
    pub fn admits(&self, owner: &AccountName) -> bool {
        self.account().is_none_or(|account| account == owner)
    }

    /// The one account; none for everybody's.
    #[must_use]
    pub const fn account(&self) -> Option<&AccountName> {
        match self {
            Self::Any => None,
            Self::Only(account) => Some(account),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_grammar() {
        for text in ["local", "a", "ada.lovelace@example.org", "team-7_b"] {
            assert_eq!(text.parse::<AccountName>().unwrap().as_str(), text);
        }
        let long = "a".repeat(65);
        for text in ["", "A", "7a", "@a", "a b", "a/b", "ä", "a\n", "a%", long.as_str()] {
            assert_eq!(text.parse::<AccountName>(), Err(AccountNameError), "{text:?}");
        }
    }

    #[test]
    fn a_filter_admits_one_account_or_all() {
        let (one, other) = ("one".parse().unwrap(), "other".parse().unwrap());
        assert!(OwnerFilter::Any.admits(&one));
        let only = Principal { account: one.clone(), ..Principal::local("") }.visible();
        assert!(only.admits(&one) && !only.admits(&other));
    }
}
