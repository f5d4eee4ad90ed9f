//! What came again within a minute and changed nothing: counted, in bounded memory.

use std::collections::HashMap;

use simulay_model::{AuditAction, AuditEntry, AuditResult};

/// So many that differ are recorded of those who are known, and of those who are not; more are counted together.
const MOST: usize = 64;
/// So many deeds are known as done; those that find no place are recorded each time.
const MOST_DEEDS: usize = 4096;

/// What came since the last telling. Nobody who is not known takes the place of somebody who is.
#[derive(Default)]
pub(super) struct Repeats {
    known: Tally,
    unknown: Tally,
    deeds: HashMap<AuditEntry, u64>,
}

/// How often each came after the first time.
#[derive(Default)]
struct Tally {
    again: HashMap<AuditEntry, u64>,
    /// Those that found no place.
    others: u64,
}

impl Repeats {
    /// Counts `entry`; true when it is not to be recorded by itself.
    pub(super) fn count(&mut self, entry: &AuditEntry) -> bool {
        let refused = matches!(entry.result, AuditResult::Refused(_));
        match (&entry.account, refused) {
            (Some(_), true) => self.known.count(entry),
            (None, true) => self.unknown.count(entry),
            (_, false) => changes_nothing_again(entry.action) && self.count_deed(entry),
        }
    }

    /// There is no record of `entry` after all.
    pub(super) fn forget(&mut self, entry: &AuditEntry) {
        self.deeds.remove(&AuditEntry { request: None, ..entry.clone() });
    }

    /// No deed is counted of which there is no record.
    fn count_deed(&mut self, entry: &AuditEntry) -> bool {
        let deed = AuditEntry { request: None, ..entry.clone() };
        if let Some(again) = self.deeds.get_mut(&deed) {
            *again += 1;
            return true;
        }
        if self.deeds.len() < MOST_DEEDS {
            self.deeds.insert(deed, 0);
        }
        false
    }

    /// What is to be recorded of all that were counted.
    pub(super) fn told(self) -> impl Iterator<Item = AuditEntry> {
        let of_known = self.known.told("known accounts");
        of_known.chain(self.unknown.told("addresses of nobody known")).chain(told_again(self.deeds))
    }
}

impl Tally {
    fn count(&mut self, entry: &AuditEntry) -> bool {
        let kind = kind(entry);
        if let Some(again) = self.again.get_mut(&kind) {
            *again += 1;
            return true;
        }
        let room = self.again.len() < MOST;
        if room {
            self.again.insert(kind, 0);
        } else {
            self.others += 1;
        }
        !room
    }

    fn told(self, whose: &'static str) -> impl Iterator<Item = AuditEntry> {
        let others = (self.others > 0).then(|| {
            let several = AuditResult::Refused("several".to_owned());
            let others = AuditEntry::new(AuditAction::Denied, "several");
            let detail = format!("{} other requests of {whose} within a minute", self.others);
            AuditEntry { result: several, ..others.saying(detail) }
        });
        told_again(self.again).chain(others)
    }
}

/// True when whoever asks for the same again is told that it is done, and nothing is.
const fn changes_nothing_again(action: AuditAction) -> bool {
    matches!(
        action,
        AuditAction::RunCancelled
            | AuditAction::RunCreated
            | AuditAction::SweepCreated
            | AuditAction::SweepCancelled
            | AuditAction::InputUploaded
    )
}

fn told_again(counted: HashMap<AuditEntry, u64>) -> impl Iterator<Item = AuditEntry> {
    let again = counted.into_iter().filter(|(_, again)| *again > 0);
    again.map(|(entry, again)| {
        let number = format!("{again} more within a minute");
        let detail = entry.detail.iter().fold(number, |number, detail| format!("{detail}; {number}"));
        entry.saying(detail)
    })
}

/// The entry without what differs between equal requests: the subject of a denial is the route, of others the client
/// chooses it.
fn kind(entry: &AuditEntry) -> AuditEntry {
    let subject = entry.subject.clone().filter(|_| entry.action == AuditAction::Denied);
    AuditEntry { request: None, subject, detail: None, ..entry.clone() }
}
