//! Who asks, and whose things are.

use crate::{AccountName, PluginName, Role, RunId, Scope, TokenId};

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// The account that what comes of it belongs to.
    pub account: AccountName,
    /// What it may do.
    pub role: Role,
    /// Where.
    pub scope: Scope,
    /// How the request came, e.g. `rest from 127.0.0.1`.
    pub via: String,
    /// The token that was shown: of a program, a session or a link; none where nobody is known by one.
    pub token: Option<TokenId>,
}

impl Principal {
    /// Who uses a host for one person, and may do everything.
    #[must_use]
    pub fn local(via: &str) -> Self {
        Self {
            account: AccountName::local(),
            role: Role::Admin,
            scope: Scope::All,
            via: via.to_owned(),
            token: None,
        }
    }

    /// Of runs and bytes, what it gets to see: its own.
    #[must_use]
    pub fn visible(&self) -> OwnerFilter {
        OwnerFilter::Only(self.account.clone()).within(&self.scope)
    }

    /// Of plugins, what it gets to see: its own and those that are public, and an operator those of all, since he
    /// approves them.
    #[must_use]
    pub fn visible_plugins(&self) -> OwnerFilter {
        let shared = || OwnerFilter::Shared(self.account.clone());
        let seen = if self.role >= Role::Operator { OwnerFilter::Any } else { shared() };
        seen.within(&self.scope)
    }

    /// Of plugins, what it may change: its own, and an operator those of all.
    #[must_use]
    pub fn own_plugins(&self) -> OwnerFilter {
        let own = || OwnerFilter::Only(self.account.clone());
        let changed = if self.role >= Role::Operator { OwnerFilter::Any } else { own() };
        changed.within(&self.scope)
    }
}

/// Whose things a query finds; what belongs to others is not there, and neither is what lies outside a scope.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum OwnerFilter {
    /// Everybody's: for the host itself, which works for all.
    Any,
    /// Those of one account.
    Only(AccountName),
    /// Those of one account, and of others the plugins that are shared with it or public.
    Shared(AccountName),
    /// What another filter finds of a scope; made by [`OwnerFilter::within`].
    Within(Box<OwnerFilter>, Scope),
}

impl OwnerFilter {
    /// What it finds, as far as it lies in `scope`.
    #[must_use]
    pub fn within(self, scope: &Scope) -> Self {
        if *scope == Scope::All { self } else { Self::Within(Box::new(self), scope.clone()) }
    }

    /// True for what belongs to `owner`, shared or not, as far as it lies in the scope.
    #[must_use]
    pub fn admits(&self, owner: &AccountName) -> bool {
        self.account().is_none_or(|account| account == owner)
    }

    /// True for a run of `owner`.
    #[must_use]
    pub fn admits_run(&self, owner: &AccountName, run: RunId, pipeline: &PluginName) -> bool {
        self.admits(owner) && self.scope().holds_run(run, pipeline)
    }

    /// The one account; none for everybody's.
    #[must_use]
    pub fn account(&self) -> Option<&AccountName> {
        match self {
            Self::Any => None,
            Self::Only(account) | Self::Shared(account) => Some(account),
            Self::Within(filter, _) => filter.account(),
        }
    }

    /// Where what is found lies.
    #[must_use]
    pub const fn scope(&self) -> &Scope {
        if let Self::Within(_, scope) = self { scope } else { &Scope::All }
    }

    /// True when plugins of others are found that are shared with the account or public.
    #[must_use]
    pub fn admits_shared(&self) -> bool {
        match self {
            Self::Any | Self::Only(_) => false,
            Self::Shared(_) => true,
            Self::Within(filter, _) => filter.admits_shared(),
        }
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

    #[test]
    fn a_scope_narrows_what_is_found_and_widens_nothing() {
        let (ada, bob) = ("ada".parse().unwrap(), "bob".parse().unwrap());
        let [heat, beam]: [PluginName; 2] = ["heat", "beam"].map(|name| name.parse().unwrap());
        let (run, scope) = (RunId::generate(), Scope::Pipeline(heat.clone()));
        let principal = Principal { account: ada, role: Role::Author, scope, ..Principal::local("") };
        let filter = principal.visible();
        assert!(filter.admits_run(&principal.account, run, &heat));
        assert!(!filter.admits_run(&principal.account, run, &beam) && !filter.admits_run(&bob, run, &heat));
        assert!(principal.visible_plugins().admits_shared() && !principal.own_plugins().admits_shared());
        let operator = Principal { role: Role::Operator, ..principal };
        assert_eq!(operator.visible_plugins(), OwnerFilter::Any.within(&operator.scope));
    }
}
