//! The audit log.

use futures_util::future::{join, join_all};
use simulay_model::{AuditAction, AuditChain, AuditEntry, AuditHead, AuditRecord, AuditResult, Principal};

use super::Subject;
use super::samples::now;
use crate::{AuditQuery, AuditStart};

fn entry(account: &str, action: AuditAction, subject: usize) -> AuditEntry {
    let principal = Principal { account: account.parse().unwrap(), ..Principal::local("rest") };
    AuditEntry::new(action, "rest").by(&principal).about(subject)
}

async fn page(subject: &Subject, query: AuditQuery) -> Vec<u64> {
    subject.audit.page(query).await.unwrap().iter().map(|record| record.sequence).collect()
}

/// The head of the log, when all of it is what was recorded.
async fn verified(subject: &Subject) -> Option<AuditHead> {
    let mut chain = AuditChain::new(None);
    for record in subject.audit.page(AuditQuery::after(0, 1000)).await.unwrap() {
        chain.take(&record).unwrap();
    }
    chain.finish().unwrap()
}

/// With every field, as it was sealed.
pub async fn records_read_back_as_they_were_sealed(subject: &Subject) {
    assert_eq!(subject.audit.head().await.unwrap(), None);
    let refused = AuditResult::Refused("not_found".to_owned());
    let bare = AuditEntry::new(AuditAction::Denied, "rest from 192.0.2.7");
    let full = entry("ada", AuditAction::RunCancelled, 7).saying("\u{1b}[1m \"both\" ä");
    let full = AuditEntry { request: Some("r-1".to_owned()), result: refused, ..full };
    let (mut expected, mut head) = (Vec::new(), None);
    for entry in [bare, full] {
        let at = now();
        let record = AuditRecord::seal(at, &entry, head.as_ref());
        head = Some(subject.audit.append(at, entry).await.unwrap());
        assert_eq!(head, Some(record.head()));
        expected.push(record);
    }
    assert_eq!(subject.audit.page(AuditQuery::after(0, 10)).await.unwrap(), expected);
    assert_eq!(subject.audit.head().await.unwrap(), head);
}

/// However many write at once, in whatever haste.
pub async fn many_who_append_make_one_chain(subject: &Subject) {
    let by = |n| entry("ada", AuditAction::RunCreated, n);
    let appends = (0..40).map(|n| subject.audit.append(now(), by(n)));
    let soon = (40..60).map(|n| async move { subject.audit.append_soon(now(), by(n)).await?.await });
    let (told, soon) = join(join_all(appends), join_all(soon)).await;
    soon.into_iter().for_each(Result::unwrap);
    let records = subject.audit.page(AuditQuery::after(0, 100)).await.unwrap();
    assert_eq!(
        records.iter().map(|record| record.sequence).collect::<Vec<_>>(),
        (1..=60).collect::<Vec<_>>()
    );
    let heads: Vec<_> = records.iter().map(AuditRecord::head).collect();
    let mut told: Vec<_> = told.into_iter().map(Result::unwrap).collect();
    assert!(told.iter().all(|head| heads.contains(head)));
    told.sort_by_key(|head| head.sequence);
    told.dedup();
    assert_eq!(told.len(), 40);
    assert_eq!(verified(subject).await, subject.audit.head().await.unwrap());
}

/// Forward from a place, or the last ones; by account, action and time.
pub async fn records_are_read_in_pages_and_filtered(subject: &Subject) {
    for number in 0..6 {
        let account = ["ada", "bob"][number % 2];
        let action = [AuditAction::RunCreated, AuditAction::InputUploaded][number / 3];
        subject.audit.append(now(), entry(account, action, number)).await.unwrap();
    }
    let all = AuditQuery::after(0, 100);
    assert_eq!(page(subject, AuditQuery::after(0, 4)).await, [1, 2, 3, 4]);
    assert_eq!(page(subject, AuditQuery::after(4, 4)).await, [5, 6]);
    assert_eq!(page(subject, AuditQuery::after(u64::MAX, 4)).await, [0; 0]);
    let latest = AuditQuery { start: AuditStart::Latest, limit: 2, ..AuditQuery::default() };
    assert_eq!(page(subject, latest.clone()).await, [5, 6]);
    let bob = Some("bob".parse().unwrap());
    assert_eq!(page(subject, AuditQuery { account: bob.clone(), ..all.clone() }).await, [2, 4, 6]);
    assert_eq!(page(subject, AuditQuery { account: bob, ..latest }).await, [4, 6]);
    let uploads = AuditQuery { action: Some("input_uploaded".to_owned()), ..all.clone() };
    assert_eq!(page(subject, uploads).await, [4, 5, 6]);
    assert_eq!(
        page(subject, AuditQuery { action: Some("moon_landed".to_owned()), ..all.clone() }).await,
        [0; 0]
    );
    let third = subject.audit.page(all.clone()).await.unwrap()[2].at.parse().unwrap();
    assert!(page(subject, AuditQuery { since: Some(third), ..all.clone() }).await.contains(&3));
    assert_eq!(page(subject, AuditQuery { since: Some(jiff::Timestamp::MAX), ..all }).await, [0; 0]);
}
