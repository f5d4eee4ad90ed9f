//! Accounts: whose things are, and who may do what.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use strum::{Display, EnumString, IntoStaticStr, VariantNames};

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

/// What an account may do. Each role may do what those before it may.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    Display,
    EnumString,
    IntoStaticStr,
    VariantNames,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case", parse_err_ty = String, parse_err_fn = unknown)]
pub enum Role {
    /// Looks at what is its own.
    Viewer,
    /// Runs pipelines.
    Runner,
    /// Uploads plugins, and says which versions serve.
    Author,
    /// Sees the plugins of all and approves what they ask for, and sees how the host does.
    Operator,
    /// Does everything.
    Admin,
}

impl Role {
    /// The role as it is written, e.g. `author`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

fn unknown(text: &str) -> String {
    format!("`{text}` is no role; use one of {}", Role::VARIANTS.join(", "))
}

/// Who owns things on a host for many.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Name.
    pub name: AccountName,
    /// What it may do.
    pub role: Role,
    /// When it was made.
    pub created_at: Timestamp,
    /// Since when nobody is known as it; its things stay.
    pub revoked_at: Option<Timestamp>,
}

/// Who somebody is to a provider of identities (OpenID Connect Core 1.0 §2: the pair is unique and never given again).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Identity {
    /// The provider, by its URL.
    pub issuer: String,
    /// Who it is there.
    pub subject: String,
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
    fn roles_are_ordered_and_read_back() {
        let roles: Vec<Role> = Role::VARIANTS.iter().map(|name| name.parse().unwrap()).collect();
        assert!(roles.is_sorted());
        assert!(roles.iter().zip(Role::VARIANTS).all(|(role, name)| role.as_str() == *name));
        assert!("root".parse::<Role>().unwrap_err().contains("viewer, runner, author, operator, admin"));
    }
}
