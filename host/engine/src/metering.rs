//! What accounts use of this host, for who may know.

use jiff::Timestamp;
use simulay_model::{
    AccountName, DailyUsage, Month, OwnerFilter, PresentUse, Principal, QuotaOverrides, Quotas, Role, Scope,
};
use simulay_store::StoreError;

use crate::shared::Shared;
use crate::{EngineError, Stats};

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

/// Tells what accounts use of this host. Cheap to clone.
#[derive(Clone)]
pub struct Meter {
    shared: Shared,
}

impl Meter {
    pub(crate) const fn new(shared: Shared) -> Self {
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
    pub async fn stats(&self, principal: &Principal, of_all: Stats) -> Result<Stats, EngineError> {
        let (runs, most) = (&self.shared.parts.runs, self.shared.settings.max_unfinished_runs);
        if principal.role >= Role::Operator {
            let unfinished_runs = runs.count_unfinished(&OwnerFilter::Any, most).await?;
            return Ok(Stats { unfinished_runs, ..of_all });
        }
        if principal.scope != Scope::All {
            return Ok(Stats::default());
        }
        let unfinished = runs.count_unfinished(&principal.visible(), most).await?;
        let (active_runs, containers) = self.shared.limits.taken_by(&principal.account);
        Ok(Stats { unfinished_runs: unfinished, active_runs, containers, ..Stats::default() })
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
        Ok(PresentUse { active_runs: active_runs as u64, containers: containers as u64, ..stored })
    }
}
