//! Accounts: who may do what on a host for many.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use strum::{Display, EnumString, IntoStaticStr, VariantNames};

use crate::AccountName;

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
    /// Approves what plugins ask for, and sees how the host does.
    Operator,
    /// Makes accounts and tokens.
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
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_are_ordered_and_read_back() {
        let roles: Vec<Role> = Role::VARIANTS.iter().map(|name| name.parse().unwrap()).collect();
        assert!(roles.is_sorted());
        assert!(roles.iter().zip(Role::VARIANTS).all(|(role, name)| role.as_str() == *name));
        assert!("root".parse::<Role>().unwrap_err().contains("viewer, runner, author, operator, admin"));
    }
}
