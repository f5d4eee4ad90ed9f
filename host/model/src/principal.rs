//! Who asks, and whose things are.

use crate::{AccountName, Role};

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

    /// Of runs and bytes, what it gets to see: its own.
    #[must_use]
    pub fn visible(&self) -> OwnerFilter {
        OwnerFilter::Only(self.account.clone())
    }

    /// Of plugins, what it gets to see: its own and those that are public, and an operator those of all, since he
    /// approves them.
    #[must_use]
    pub fn visible_plugins(&self) -> OwnerFilter {
        if self.role >= Role::Operator { OwnerFilter::Any } else { OwnerFilter::Shared(self.account.clone()) }
    }

    /// Of plugins, what it may change: its own, and an operator those of all.
    #[must_use]
    pub fn own_plugins(&self) -> OwnerFilter {
        if self.role >= Role::Operator { OwnerFilter::Any } else { self.visible() }
    }
}

/// Whose things a query finds; what belongs to others is not there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OwnerFilter {
    /// Everybody's: for the host itself, which works for all.
    Any,
    /// Those of one account.
    Only(AccountName),
    /// Those of one account, and of others the plugins that are public.
    Shared(AccountName),
}

impl OwnerFilter {
    /// True for what belongs to `owner`, public or not.
    #[must_use]
    pub fn admits(&self, owner: &AccountName) -> bool {
        self.account().is_none_or(|account| account == owner)
    }

    /// The one account; none for everybody's.
    #[must_use]
    pub const fn account(&self) -> Option<&AccountName> {
        match self {
            Self::Any => None,
            Self::Only(account) | Self::Shared(account) => Some(account),
        }
    }

    /// True when plugins of others are found that are public.
    #[must_use]
    pub const fn admits_public(&self) -> bool {
        matches!(self, Self::Shared(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_admits_one_account_or_all() {
        let (one, other) = ("one".parse().unwrap(), "other".parse().unwrap());
        assert!(OwnerFilter::Any.admits(&one));
        let only = Principal { account: one.clone(), ..Principal::local("") }.visible();
        assert!(only.admits(&one) && !only.admits(&other));
    }

    #[test]
    fn an_operator_sees_the_plugins_of_all_and_the_runs_of_nobody_else() {
        let of = |role| Principal { role, ..Principal::local("") };
        assert_eq!(of(Role::Operator).visible_plugins(), OwnerFilter::Any);
        assert_eq!(of(Role::Author).visible_plugins(), OwnerFilter::Shared(AccountName::local()));
        assert_eq!(of(Role::Author).own_plugins(), of(Role::Author).visible());
        assert_eq!(of(Role::Admin).own_plugins(), OwnerFilter::Any);
        assert_eq!(of(Role::Admin).visible(), OwnerFilter::Only(AccountName::local()));
    }
}
