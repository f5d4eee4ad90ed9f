//! Whether a log is what was recorded.

use super::{AuditHead, AuditRecord, FORMAT};

/// The first record that is not what was recorded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AuditFault {
    /// It is not there.
    #[error("record {0} is missing")]
    Missing(u64),
    /// Its place is taken already: it was put in, or moved.
    #[error("a record with the number {0} comes after one with that number or a later one")]
    Misplaced(u64),
    /// A newer version wrote it, or somebody says so.
    #[error("record {0} has a format that this version cannot verify")]
    Format(u64),
    /// It names another record before it than the one that is there.
    #[error("record {0} does not follow from the record before it: one of them was replaced or put in")]
    Unlinked(u64),
    /// It is not what its hash was made of.
    #[error("record {0} was changed")]
    Changed(u64),
    /// It is not the one that was expected there.
    #[error("record {0} is not the one that was expected: it or records before it were replaced")]
    Unexpected(u64),
}

/// Verifies a log, record by record, in the order of their places.
#[derive(Debug, Default)]
pub struct AuditChain {
    head: Option<AuditHead>,
    expected: Option<AuditHead>,
}

impl AuditChain {
    /// An empty log, which is to come by `expected`.
    #[must_use]
    pub const fn new(expected: Option<AuditHead>) -> Self {
        Self { head: None, expected }
    }

    /// The place of the record that must follow.
    #[must_use]
    pub fn next(&self) -> u64 {
        self.head.as_ref().map_or(0, |head| head.sequence) + 1
    }

    /// Takes the next record.
    ///
    /// # Errors
    /// When it is not the one that was recorded there.
    pub fn take(&mut self, record: &AuditRecord) -> Result<(), AuditFault> {
        let sequence = self.next();
        if record.sequence > sequence {
            return Err(AuditFault::Missing(sequence));
        }
        if record.sequence < sequence {
            return Err(AuditFault::Misplaced(record.sequence));
        }
        if record.format != FORMAT {
            return Err(AuditFault::Format(sequence));
        }
        if record.digest().to_string() != record.hash {
            return Err(AuditFault::Changed(sequence));
        }
        if record.previous.as_ref() != self.head.as_ref().map(|head| &head.hash) {
            return Err(AuditFault::Unlinked(sequence));
        }
        let head = record.head();
        let expected = self.expected.as_ref().filter(|expected| expected.sequence == sequence);
        if expected.is_some_and(|expected| *expected != head) {
            return Err(AuditFault::Unexpected(sequence));
        }
        self.head = Some(head);
        Ok(())
    }

    /// The last record that was taken; none when there is none.
    ///
    /// # Errors
    /// [`AuditFault::Missing`] when one that was expected never came.
    pub fn finish(self) -> Result<Option<AuditHead>, AuditFault> {
        let next = self.next();
        if self.expected.is_some_and(|expected| expected.sequence >= next) {
            return Err(AuditFault::Missing(next));
        }
        Ok(self.head)
    }
}
