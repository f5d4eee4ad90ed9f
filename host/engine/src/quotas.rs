//! What each account may use: the quotas of all, and what differs for some.
//!
//! # Flow
//! [`AccountQuotas::of`] knows the quotas of an account as they were within a moment. [`keep_known`] has the queues
//! know them as well: whose bound is met waits there, see [`crate::limits`]. All else is held against quotas where
//! it is stored.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use parking_lot::Mutex;
use simulay_model::{
    AccountName, Chain, DailyUsage, Month, OwnerFilter, PresentUse, Quota, QuotaOverrides, QuotaSetting,
    Quotas,
};
use simulay_store::{Metering, StoreError};
use tokio::time::Instant;

use crate::EngineError;
use crate::allowance::Allowance;
use crate::limits::Limits;

/// How long what is known is believed; longer than between two looks, so that no request waits for one.
const BELIEVED: Duration = Duration::from_secs(3);
/// Between two looks for bounds that changed.
const PAUSE: Duration = Duration::from_secs(2);

type AllOverrides = Arc<BTreeMap<AccountName, QuotaOverrides>>;

/// The quotas of accounts. Cheap to clone.
#[derive(Clone)]
pub struct AccountQuotas {
    store: Arc<dyn Metering>,
    usual: Arc<Quotas>,
    known: Arc<Mutex<Option<Known>>>,
}

/// What was found a moment ago.
#[derive(Clone)]
struct Known {
    at: Instant,
    overrides: AllOverrides,
}

impl AccountQuotas {
    /// Those of all, but for what differs in `store`.
    #[must_use]
    pub fn new(store: Arc<dyn Metering>, usual: Quotas) -> Self {
        Self { store, usual: Arc::new(usual), known: Arc::default() }
    }

    /// The quotas of all.
    #[must_use]
    pub fn usual(&self) -> &Quotas {
        &self.usual
    }

    /// The quotas of an account, as they were within a moment.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn of(&self, account: &AccountName) -> Result<Quotas, EngineError> {
        let overrides = self.overrides().await?;
        let usual = Quotas::clone(&self.usual);
        Ok(overrides.get(account).map_or(usual.clone(), |own| usual.overridden(own)))
    }

    /// What differs for accounts, as it did within a moment.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn overrides(&self) -> Result<AllOverrides, EngineError> {
        let known = self.known.lock().clone();
        if let Some(known) = known.filter(|known| known.at.elapsed() < BELIEVED) {
            return Ok(known.overrides);
        }
        self.look().await
    }

    /// What differs for accounts now.
    async fn look(&self) -> Result<AllOverrides, EngineError> {
        let (at, overrides) = (Instant::now(), Arc::new(self.store.overrides().await?));
        *self.known.lock() = Some(Known { at, overrides: overrides.clone() });
        Ok(overrides)
    }

    /// Changes what differs for an account; a running host knows within a moment.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is no such account.
    pub async fn set(
        &self,
        account: &AccountName,
        changes: Vec<(Quota, QuotaSetting)>,
    ) -> Result<(), EngineError> {
        self.store.set_quotas(account, changes).await?;
        *self.known.lock() = None;
        Ok(())
    }

    /// What an account uses, as far as it is stored.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn present_use(&self, account: &AccountName, at: Timestamp) -> Result<PresentUse, EngineError> {
        Ok(self.store.present_use(account, at).await?)
    }

    /// What was used in a month, by account and day.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn usage(&self, owner: &OwnerFilter, month: Month) -> Result<Vec<DailyUsage>, EngineError> {
        Ok(self.store.usage(owner, month).await?)
    }

    /// What an account may still upload.
    pub(crate) async fn allowance(
        &self,
        account: &AccountName,
        at: Timestamp,
    ) -> Result<Allowance, EngineError> {
        let (quotas, used) = (self.of(account).await?, self.present_use(account, at).await?);
        Ok(Allowance { quotas, used, at })
    }

    /// Refuses so many new runs of an account when they would exceed a quota.
    pub(crate) async fn admit_runs(
        &self,
        account: &AccountName,
        runs: u64,
        at: Timestamp,
    ) -> Result<(), EngineError> {
        let quotas = self.of(account).await?;
        if quotas.is_empty() {
            return Ok(());
        }
        let used = self.present_use(account, at).await?;
        Ok(quotas.admit_runs(&used, runs, at).map_err(StoreError::from)?)
    }

    /// Refuses a component when it would exceed a quota.
    pub(crate) async fn admit_plugin(
        &self,
        account: &AccountName,
        bytes: u64,
        at: Timestamp,
    ) -> Result<(), EngineError> {
        let (quotas, used) = (self.of(account).await?, self.present_use(account, at).await?);
        Ok(quotas.admit_plugin(&used, bytes, at).map_err(StoreError::from)?)
    }
}

/// Has the queues know the bounds of accounts, until the host stops.
pub(crate) async fn keep_known(quotas: AccountQuotas, limits: Arc<Limits>) {
    loop {
        if let Err(error) = make_known(&quotas, &limits).await {
            tracing::warn!(error = %Chain(&error), "quotas that changed are not known yet");
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Has the queues know the bounds of accounts as they are.
pub(crate) async fn make_known(quotas: &AccountQuotas, limits: &Limits) -> Result<(), EngineError> {
    limits.bound_accounts(quotas.usual(), &*quotas.look().await?);
    Ok(())
}
