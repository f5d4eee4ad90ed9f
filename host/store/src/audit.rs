//! The audit log.

use async_trait::async_trait;
use jiff::Timestamp;
use simulay_model::{AccountName, AuditEntry, AuditHead, AuditRecord};

use crate::{Durable, StoreError, durable_now};

/// The audit log: records are put at its end and read; nothing changes or removes one.
#[async_trait]
pub trait Audit: Send + Sync {
    /// Puts a record of `entry`, made at `at`, at the end of the log, sealed with the record before it, in one durable
    /// transaction.
    async fn append(&self, at: Timestamp, entry: AuditEntry) -> Result<AuditHead, StoreError>;

    /// As [`Audit::append`], in no haste: it becomes durable with what is written next, or in a moment.
    async fn append_soon(&self, at: Timestamp, entry: AuditEntry) -> Result<Durable, StoreError> {
        self.append(at, entry).await.map(|_| durable_now())
    }

    /// Records that match, from the oldest.
    async fn page(&self, query: AuditQuery) -> Result<Vec<AuditRecord>, StoreError>;

    /// The last record; none in an empty log.
    async fn head(&self) -> Result<Option<AuditHead>, StoreError>;
}

/// Which records to read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditQuery {
    /// From where on.
    pub start: AuditStart,
    /// At most so many.
    pub limit: u32,
    /// Only those of this account.
    pub account: Option<AccountName>,
    /// Only of this action; its name, since a newer version may have recorded others.
    pub action: Option<String>,
    /// Only those made then or later.
    pub since: Option<Timestamp>,
}

/// From where on records are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuditStart {
    /// From the first after this place.
    After(u64),
    /// From where on as many match as are asked for: the last ones.
    Latest,
}

impl Default for AuditStart {
    fn default() -> Self {
        Self::After(0)
    }
}

impl AuditQuery {
    /// At most `limit` records after a place, whatever they are.
    #[must_use]
    pub fn after(sequence: u64, limit: u32) -> Self {
        Self { start: AuditStart::After(sequence), limit, ..Self::default() }
    }

    /// True when `record` is looked for, wherever it is.
    #[must_use]
    pub fn admits(&self, record: &AuditRecord) -> bool {
        let account = self.account.as_ref().map(AccountName::as_str);
        let since = self.since.map(AuditRecord::time);
        account.is_none_or(|account| record.account.as_deref() == Some(account))
            && self.action.as_ref().is_none_or(|action| record.action == *action)
            && since.is_none_or(|since| record.at >= since)
    }
}
