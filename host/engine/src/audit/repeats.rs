//! What was refused again within a minute: counted, in bounded memory.

use std::collections::HashMap;

use simulay_model::{AuditAction, AuditEntry, AuditResult};

/// So many that differ are recorded of those who are known, and of those who are not; more are counted together.
const MOST: usize = 64;

/// What was refused since the last telling. Nobody who is not known takes the place of somebody who is.
#[derive(Default)]
pub(super) struct Repeats {
    known: Tally,
    unknown: Tally,
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
        let tally = if entry.account.is_some() { &mut self.known } else { &mut self.unknown };
        tally.count(entry)
    }

    /// What is to be recorded of all that were counted.
    pub(super) fn told(self) -> impl Iterator<Item = AuditEntry> {
        let of_known = self.known.told("known accounts");
        of_known.chain(self.unknown.told("addresses of nobody known"))
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
        let again = self.again.into_iter().filter(|(_, again)| *again > 0);
        let again = again.map(|(kind, again)| kind.saying(format!("{again} more within a minute")));
        let others = (self.others > 0).then(|| {
            let several = AuditResult::Refused("several".to_owned());
            let others = AuditEntry::new(AuditAction::Denied, "several");
            let detail = format!("{} other requests of {whose} within a minute", self.others);
            AuditEntry { result: several, ..others.saying(detail) }
        });
        again.chain(others)
    }
}

/// The entry without what differs between equal requests: the subject of a denial is the route, of others the client
/// chooses it.
fn kind(entry: &AuditEntry) -> AuditEntry {
    let subject = entry.subject.clone().filter(|_| entry.action == AuditAction::Denied);
    AuditEntry { request: None, subject, detail: None, ..entry.clone() }
}
