//! Which blobs there are, and which go.

use std::time::Duration;

use simulay_model::Digest;

use super::reading::is_missing;
use super::{Subject, content, noise};

const HOUR: Duration = Duration::from_secs(3600);
const MIB: usize = 1024 * 1024;

impl Subject {
    /// Hours since a blob was stored or kept: whose clock it ages by may go on by itself while a suite runs.
    async fn hours(&self, blob: Digest) -> Option<u64> {
        let listed = self.inventory.list().await.unwrap();
        listed.iter().find(|stored| stored.blob == blob).map(|stored| hours(stored.age))
    }
}

fn hours(age: Duration) -> u64 {
    age.as_secs() / HOUR.as_secs()
}

/// However it came, and however often.
pub async fn every_blob_is_listed_once_with_its_size(subject: &Subject) {
    assert_eq!(subject.inventory.list().await.unwrap(), []);
    let mut expected = Vec::new();
    for bytes in [noise(0), noise(5), noise(3 * MIB)] {
        let blob = subject.put(&bytes).await;
        assert_eq!(subject.put(&bytes).await, blob);
        expected.push((blob, bytes.len() as u64, 0));
    }
    let listed = subject.inventory.list().await.unwrap();
    let mut listed: Vec<_> =
        listed.iter().map(|stored| (stored.blob, stored.size, hours(stored.age))).collect();
    listed.sort_by_key(|(_, size, _)| *size);
    assert_eq!(listed, expected);
}

/// To ask for their size or to read them changes nothing.
pub async fn blobs_age_until_they_are_stored_or_kept_again(subject: &Subject) {
    let [still, kept, again] = [&b"still"[..], b"kept", b"again"];
    let [still, kept, again] = [subject.put(still).await, subject.put(kept).await, subject.put(again).await];
    subject.clock.pass(HOUR).await;
    subject.blobs.size(still).await.unwrap();
    content(subject.blobs.read(still, None).await.unwrap()).await.unwrap();
    subject.blobs.keep(kept).await.unwrap();
    subject.put(b"again").await;
    let ages = [subject.hours(still).await, subject.hours(kept).await, subject.hours(again).await];
    assert_eq!(ages, [Some(1), Some(0), Some(0)]);
}

/// And only once.
pub async fn only_what_is_old_enough_is_removed(subject: &Subject) {
    let [old, young] = [subject.put(b"old").await, Digest::of(b"young")];
    assert!(!subject.inventory.remove(old, HOUR).await.unwrap(), "it is young");
    subject.clock.pass(HOUR).await;
    subject.put(b"young").await;
    assert!(!subject.inventory.remove(young, HOUR).await.unwrap());
    assert!(!subject.inventory.remove(old, 2 * HOUR).await.unwrap(), "it is not so old");
    assert!(subject.inventory.remove(old, HOUR).await.unwrap());
    assert!(!subject.inventory.remove(old, HOUR).await.unwrap(), "it is gone");
    is_missing(subject, old).await;
    assert_eq!(subject.inventory.list().await.unwrap().len(), 1);
}

/// Whoever decided that it goes looked before.
pub async fn what_was_kept_meanwhile_stays(subject: &Subject) {
    let blob = subject.put(b"an input").await;
    subject.clock.pass(HOUR).await;
    assert_eq!(subject.hours(blob).await, Some(1));
    assert_eq!(subject.blobs.keep(blob).await.unwrap(), Some(8));
    assert!(!subject.inventory.remove(blob, HOUR).await.unwrap());
    assert_eq!(subject.blobs.size(blob).await.unwrap(), Some(8));
}

/// In one piece or in many.
pub async fn what_was_stored_again_meanwhile_stays(subject: &Subject) {
    for bytes in [noise(8), noise(2 * MIB)] {
        let blob = subject.put(&bytes).await;
        subject.clock.pass(HOUR).await;
        subject.put(&bytes).await;
        assert!(!subject.inventory.remove(blob, HOUR).await.unwrap());
        assert!(content(subject.blobs.read(blob, None).await.unwrap()).await.unwrap() == bytes);
    }
}

/// As if it had never been there.
pub async fn what_was_removed_may_come_again(subject: &Subject) {
    let blob = subject.put(b"comes again").await;
    assert!(subject.inventory.remove(blob, Duration::ZERO).await.unwrap());
    assert_eq!(subject.put(b"comes again").await, blob);
    assert_eq!(content(subject.blobs.read(blob, None).await.unwrap()).await.unwrap(), b"comes again");
}

/// Or no bound to it.
pub async fn there_is_room(subject: &Subject) {
    assert_ne!(subject.inventory.free().await.unwrap(), Some(0));
}
