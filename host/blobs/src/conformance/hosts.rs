//! Several hosts at work on the same blobs: some store and name them, others collect them.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::future::{join, join_all};
use simulay_model::Digest;

use super::{Subject, content, put};

const HOUR: Duration = Duration::from_secs(3600);
/// Of each round.
const BLOBS: u8 = 6;

/// Blobs that all hosts find old are stored, kept and collected at once, again and again: what was stored or
/// kept is there with all its bytes, as often as it is collected. `hosts` are one empty store, opened several times.
pub async fn what_is_stored_or_kept_outlives_those_who_collect(hosts: &[Subject], rounds: u32) {
    let first = hosts.first().unwrap();
    for round in 0..rounds {
        let contents: Vec<Vec<u8>> = (0..BLOBS).map(|blob| bytes_of(round, blob)).collect();
        join_all(contents.iter().map(|bytes| put(&*first.blobs, bytes))).await;
        first.clock.pass(HOUR).await;
        let turns = contents.iter().enumerate().zip(hosts.iter().cycle());
        let saving = join_all(turns.map(|((turn, bytes), host)| save(host, bytes, turn.is_multiple_of(2))));
        let collecting = join_all(hosts.iter().map(|host| collect(host, &contents)));
        let (saved, _) = join(saving, collecting).await;
        for host in hosts {
            all_are_there(host, saved.iter().flatten()).await;
            every_blob_is_whole(host).await;
        }
    }
}

/// Some larger than what a store takes at a time.
fn bytes_of(round: u32, blob: u8) -> Vec<u8> {
    format!("{round} {blob} ").repeat(if blob.is_multiple_of(3) { 100_000 } else { 1 }).into_bytes()
}

/// Stores a blob again, or keeps it; `None` when it was gone before.
async fn save(host: &Subject, bytes: &[u8], again: bool) -> Option<Digest> {
    if again {
        return Some(host.put(bytes).await);
    }
    let blob = Digest::of(bytes);
    host.blobs.keep(blob).await.unwrap().map(|_| blob)
}

async fn collect(host: &Subject, contents: &[Vec<u8>]) {
    join_all(contents.iter().map(|bytes| async {
        host.inventory.remove(Digest::of(bytes), HOUR).await.unwrap();
    }))
    .await;
}

async fn all_are_there(host: &Subject, blobs: impl Iterator<Item = &Digest>) {
    let listed = host.inventory.list().await.unwrap();
    let listed: BTreeSet<Digest> = listed.iter().map(|stored| stored.blob).collect();
    for blob in blobs {
        assert!(listed.contains(blob), "{blob} was named and is gone");
    }
}

async fn every_blob_is_whole(host: &Subject) {
    for stored in host.inventory.list().await.unwrap() {
        let read = host.blobs.read(stored.blob, None).await.unwrap();
        assert_eq!(content(read).await.unwrap().len() as u64, stored.size);
    }
}
