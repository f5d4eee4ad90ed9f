//! What accounts use of this host, for who may know.

use std::sync::Arc;

use jiff::Timestamp;
use simulay_model::{
    AccountName, DailyUsage, Month, OwnerFilter, PresentUse, Principal, QuotaOverrides, Quotas, Role, Scope,
};
use simulay_store::StoreError;

use crate::EngineError;
use crate::shared::Shared;

/// What an account used in a month, and what it may use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountUsage {
    /// Whose.
    pub account: AccountName,
    /// When.
    pub month: Month,
    /// The days on which anything was used.
    pub days: Vec<DailyUsage>,
    /// What it may use.
    pub quotas: Quotas,
    /// What of that was said of this account alone.
    pub overrides: QuotaOverrides,
    /// What it uses now.
    pub present: PresentUse,
}

/// What is going on, as far as whoever asks may know.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Load {
    /// Runs that have not ended.
    pub unfinished_runs: usize,
    /// Runs at work; none where others work on them.
    pub active_runs: Option<usize>,
    /// Containers at work; none where others work on runs.
    pub containers: Option<usize>,
}

/// Tells what accounts use of this host. Cheap to clone.
#[derive(Clone)]
pub struct Meter {
    shared: Arc<Shared>,
}

impl Meter {
    pub(crate) const fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// What an account used in a month, its own when none is named; of this month when none is.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such account, or it is another's and the principal no operator.
    pub async fn usage(
        &self,
        principal: &Principal,
        account: Option<AccountName>,
        month: Option<Month>,
    ) -> Result<AccountUsage, EngineError> {
        let account = account.unwrap_or_else(|| principal.account.clone());
        self.check_visible(principal, &account).await?;
        let now = self.shared.parts.clock.now();
        let month = month.unwrap_or_else(|| Month::of(now));
        let quotas = &self.shared.quotas;
        let days = quotas.usage(&OwnerFilter::Only(account.clone()), month).await?;
        let overrides = quotas.overrides().await?.get(&account).cloned().unwrap_or_default();
        let present = self.present(&account, now).await?;
        let quotas = quotas.usual().clone().overridden(&overrides);
        Ok(AccountUsage { account, month, days, quotas, overrides, present })
    }

    /// What is going on: an operator is told of all, others of what is their own, and whoever has a token for less than
    /// an account of nothing.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn load(&self, principal: &Principal) -> Result<Load, EngineError> {
        let (runs, limits) = (&self.shared.parts.runs, &self.shared.limits);
        let (owner, (active_runs, containers)) = if principal.role >= Role::Operator {
            (OwnerFilter::Any, limits.taken())
        } else if principal.scope == Scope::All {
            (principal.visible(), limits.taken_by(&principal.account))
        } else {
            return Ok(Load::default());
        };
        let unfinished_runs = runs.count_unfinished(&owner, self.shared.settings.max_unfinished_runs).await?;
        Ok(Load {
            unfinished_runs,
            active_runs: self.if_here(active_runs),
            containers: self.if_here(containers),
        })
    }

    /// What only a process knows that works on runs.
    fn if_here<T>(&self, known: T) -> Option<T> {
        (!self.shared.settings.runs_elsewhere).then_some(known)
    }

    /// Accounts of others are not there but for operators.
    async fn check_visible(&self, principal: &Principal, account: &AccountName) -> Result<(), StoreError> {
        if *account == principal.account {
            return Ok(());
        }
        let accounts = &self.shared.parts.accounts;
        let visible = principal.role >= Role::Operator && accounts.account(account).await?.is_some();
        if visible { Ok(()) } else { Err(StoreError::NotFound) }
    }

    async fn present(&self, account: &AccountName, now: Timestamp) -> Result<PresentUse, EngineError> {
        let (active_runs, containers) = self.shared.limits.taken_by(account);
        let stored = self.shared.quotas.present_use(account, now).await?;
        Ok(PresentUse {
            active_runs: self.if_here(active_runs as u64),
            containers: self.if_here(containers as u64),
            ..stored
        })
    }
}
