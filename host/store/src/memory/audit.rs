//! The audit log.

use async_trait::async_trait;
use jiff::Timestamp;
use simulay_model::{AuditEntry, AuditHead, AuditRecord};

use super::MemoryStore;
use crate::{Audit, AuditQuery, AuditStart, StoreError};

#[async_trait]
impl Audit for MemoryStore {
    async fn append(&self, at: Timestamp, entry: AuditEntry) -> Result<AuditHead, StoreError> {
        let mut state = self.state();
        let head = state.audit.last().map(AuditRecord::head);
        let record = AuditRecord::seal(at, &entry, head.as_ref());
        let head = record.head();
        state.audit.push(record);
        Ok(head)
    }

    async fn page(&self, query: AuditQuery) -> Result<Vec<AuditRecord>, StoreError> {
        let state = self.state();
        let matching = state.audit.iter().filter(|record| query.admits(record)).cloned();
        let limit = query.limit as usize;
        Ok(match query.start {
            AuditStart::After(after) => matching.filter(|one| one.sequence > after).take(limit).collect(),
            AuditStart::Latest => {
                let mut latest: Vec<_> = matching.rev().take(limit).collect();
                latest.reverse();
                latest
            }
        })
    }

    async fn head(&self) -> Result<Option<AuditHead>, StoreError> {
        Ok(self.state().audit.last().map(AuditRecord::head))
    }
}
