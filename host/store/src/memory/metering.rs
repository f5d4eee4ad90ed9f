//! What accounts use, and how their quotas differ.

use std::collections::{BTreeMap, HashMap};

use async_trait::async_trait;
use jiff::Timestamp;
use simulay_model::{
    AccountName, DailyUsage, Digest, Month, OwnerFilter, PresentUse, Quota, QuotaOverrides, QuotaSetting,
    Usage, day_of,
};

use super::{MemoryStore, RunEntry, State};
use crate::{Metering, StoreError};

#[async_trait]
impl Metering for MemoryStore {
    async fn overrides(&self) -> Result<BTreeMap<AccountName, QuotaOverrides>, StoreError> {
        let state = self.state();
        let some = state.overrides.iter().filter(|(_, overrides)| !overrides.is_empty());
        Ok(some.map(|(account, overrides)| (account.clone(), overrides.clone())).collect())
    }

    async fn set_quotas(
        &self,
        account: &AccountName,
        changes: Vec<(Quota, QuotaSetting)>,
    ) -> Result<(), StoreError> {
        let mut state = self.state();
        if !state.accounts.contains_key(account) {
            return Err(StoreError::NotFound);
        }
        let own = state.overrides.entry(account.clone()).or_default();
        for (quota, setting) in changes {
            match setting {
                QuotaSetting::Default => own.remove(&quota),
                QuotaSetting::Unlimited => own.insert(quota, None),
                QuotaSetting::AtMost(bound) => own.insert(quota, Some(bound)),
            };
        }
        Ok(())
    }

    async fn present_use(&self, account: &AccountName, at: Timestamp) -> Result<PresentUse, StoreError> {
        Ok(self.state().present_use(account, at))
    }

    async fn usage(&self, owner: &OwnerFilter, month: Month) -> Result<Vec<DailyUsage>, StoreError> {
        let state = self.state();
        let asked = state.usage.iter().filter(|((account, day), _)| {
            owner.admits(account) && (month.first()..=month.last()).contains(day)
        });
        let told = |((account, day), usage): (&(AccountName, _), &Usage)| DailyUsage {
            account: account.clone(),
            day: *day,
            usage: *usage,
        };
        Ok(asked.map(told).collect())
    }
}

impl State {
    pub(super) fn count(&mut self, account: &AccountName, at: Timestamp, usage: Usage) {
        if !usage.is_nothing() {
            *self.usage.entry((account.clone(), day_of(at))).or_default() += usage;
        }
    }

    pub(super) fn present_use(&self, account: &AccountName, at: Timestamp) -> PresentUse {
        let own = |entry: &&RunEntry| entry.run.owner == *account;
        let unfinished = self.runs.values().filter(own).filter(|entry| !entry.run.state.is_end());
        let plugins = self.plugins.values().map(|entry| &entry.plugin);
        let sizes: Vec<u64> = plugins.filter(|it| it.owner == *account).map(|it| it.size).collect();
        PresentUse {
            unfinished_runs: unfinished.count() as u64,
            today: self.usage.get(&(account.clone(), day_of(at))).copied().unwrap_or_default(),
            stored_bytes: self.kept(account).values().sum(),
            plugin_versions: sizes.len() as u64,
            plugin_bytes: sizes.iter().sum(),
            ..PresentUse::default()
        }
    }

    /// The blobs that an account keeps, and their sizes.
    fn kept(&self, account: &AccountName) -> HashMap<Digest, u64> {
        let uploads = self.uploads.iter().filter(|((owner, _), _)| owner == account);
        let uploads = uploads.map(|((_, blob), size)| (*blob, *size));
        let runs = self.runs.values().filter(|entry| entry.run.owner == *account);
        let shown = runs.flat_map(|entry| &entry.artifacts);
        uploads.chain(shown.map(|shown| (shown.artifact.sha256, shown.artifact.size))).collect()
    }

    /// True when the account keeps the blob already.
    pub(super) fn keeps(&self, account: &AccountName, blob: Digest) -> bool {
        self.is_nameable(&OwnerFilter::Only(account.clone()), blob)
    }
}
