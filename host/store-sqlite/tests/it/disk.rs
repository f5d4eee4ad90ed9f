//! A disk that fills, or takes nothing.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use simulay_blobs::{BlobError, Blobs};
use simulay_model::OwnerFilter::Any;
use simulay_model::{AuditAction, AuditEntry, AuditResult, Change, RunEnd, RunId};
use simulay_store::{Audit, Journal as _, Retention as _, Runs as _, Space as _, StoreError};
use tempfile::TempDir;

use crate::samples::{Failure, change_of, content, now, open, put, run};

/// A file system of its own; gone when dropped.
struct Disk {
    mount: PathBuf,
    _parent: TempDir,
}

impl Disk {
    /// `None`, and a word about it, where nothing may be mounted.
    fn new(mib: u32) -> Option<Self> {
        let parent = tempfile::tempdir().unwrap();
        let mount = parent.path().join("disk");
        fs::create_dir(&mount).unwrap();
        let disk = Self { mount, _parent: parent };
        let mounted = disk.mount(&format!("size={mib}m"));
        if !mounted {
            eprintln!("SKIPPED: nothing may be mounted here; run this test as root");
        }
        mounted.then_some(disk)
    }

    fn mount(&self, options: &str) -> bool {
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", options, "none"]).arg(&self.mount);
        mount.status().is_ok_and(|status| status.success())
    }

    /// Takes all that is left, so that a byte more fails.
    fn fill(&self) {
        let mut file = File::create(self.mount.join("filler")).unwrap();
        for size in [64 << 10, 4 << 10, 1] {
            let piece = vec![1; size];
            while file.write_all(&piece).is_ok() {}
        }
    }

    fn empty(&self) {
        fs::remove_file(self.mount.join("filler")).unwrap();
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.mount).status();
    }
}

pub(crate) fn is_of_the_disk(error: &Failure) -> bool {
    match error {
        Failure::Records(error) => matches!(error, StoreError::Full | StoreError::Unwritable(_)),
        Failure::Blobs(error) => matches!(error, BlobError::Full | BlobError::Unwritable(_)),
    }
}

/// Creates runs until one is refused; those that were acknowledged.
async fn create_until_refused(records: &simulay_store_sqlite::SqliteStore) -> Vec<RunId> {
    let mut acknowledged = Vec::new();
    loop {
        let run = run("heat");
        match records.create(run.clone(), None).await {
            Ok(()) => acknowledged.push(run.id),
            Err(error) => {
                assert!(is_of_the_disk(&error.into()));
                return acknowledged;
            }
        }
    }
}

/// Stores `size` bytes, when the disk takes them.
async fn try_put(blobs: &dyn Blobs, size: usize) -> Result<(), BlobError> {
    let mut writer = blobs.create().await.unwrap();
    writer.write(vec![7; size].into()).await?;
    writer.finish().await.map(|_| ())
}

fn is_sound(data: &Path) -> bool {
    let check = rusqlite::Connection::open(data.join("simulay.sqlite")).unwrap();
    check.query_row("PRAGMA integrity_check", [], |row| row.get::<_, String>(0)).unwrap() == "ok"
}

#[tokio::test]
async fn a_disk_that_fills_again_and_again_loses_nothing_and_needs_no_restart() {
    let Some(disk) = Disk::new(12) else { return };
    let data = disk.mount.join("data");
    let (records, blobs) = open(&data).unwrap();
    let mut acknowledged = Vec::new();
    for _ in 0..50 {
        disk.fill();
        acknowledged.extend(create_until_refused(&records).await);
        assert!(is_of_the_disk(&try_put(&*blobs, 1 << 20).await.unwrap_err().into()));
        assert!(
            records.free().await.map_or_else(|error| is_of_the_disk(&error.into()), |free| free < 64 << 10)
        );
        disk.empty();
        assert!(records.free().await.unwrap() > 1 << 20);
        let run = run("heat");
        records.create(run.clone(), None).await.unwrap();
        change_of(&records, run.id, None, now(), Change::Started).await.unwrap();
        let blob = put(&*blobs, run.id.to_string().as_bytes()).await;
        content(blobs.read(blob, None).await.unwrap()).await.unwrap();
        acknowledged.push(run.id);
    }
    drop((records, blobs));
    assert!(is_sound(&data));
    let (records, _blobs) = open(&data).unwrap();
    assert!(acknowledged.len() >= 50);
    for run in acknowledged {
        assert!(records.get(&Any, run).await.unwrap().is_some(), "an acknowledged run is gone");
        assert!(!records.events(&Any, run, 0, 10).await.unwrap().is_empty());
    }
}

#[test]
fn a_directory_that_is_read_only_at_the_start_is_told() {
    let Some(disk) = Disk::new(8) else { return };
    assert!(disk.mount("remount,ro"));
    let told = open(&disk.mount.join("data")).err().unwrap();
    assert!(matches!(told, Failure::Records(StoreError::Unwritable(_))), "{told:?}");
}

#[tokio::test]
async fn cancelling_and_deleting_work_on_a_full_disk() {
    let Some(disk) = Disk::new(16) else { return };
    let (records, blobs) = open(&disk.mount.join("data")).unwrap();
    let (ended, open) = (run("heat"), run("heat"));
    for run in [&ended, &open] {
        records.create(run.clone(), None).await.unwrap();
    }
    change_of(&records, ended.id, None, now(), Change::ended(RunEnd::Cancelled)).await.unwrap();
    disk.fill();
    create_until_refused(&records).await;
    // Nobody but who frees room gets what is reserved.
    assert!(is_of_the_disk(&records.create(run("heat"), None).await.unwrap_err().into()));
    change_of(&records, open.id, None, now(), Change::CancelRequested).await.unwrap();
    let lease = records.acquire_lease(open.id, "host", Duration::from_secs(30)).await.unwrap().unwrap();
    let end = Change::ended(RunEnd::Cancelled);
    change_of(&records, open.id, Some(lease.fence), now(), end).await.unwrap();
    records.delete(ended.id, now(), "for a test").await.unwrap();
    assert!(records.get(&Any, ended.id).await.unwrap().is_none());
    let told = records.free().await.unwrap_err();
    assert!(is_of_the_disk(&told.into()), "the reserve is used");
    disk.empty();
    assert!(records.free().await.unwrap() > 1 << 20);
    assert!(disk.mount.join("data/reserve").exists(), "it is there again");
    records.create(run("heat"), None).await.unwrap();
    put(&*blobs, b"after").await;
}

#[tokio::test]
async fn what_frees_room_on_a_full_disk_is_recorded_and_nothing_else_takes_that_room() {
    let Some(disk) = Disk::new(8) else { return };
    let data = disk.mount.join("data");
    let (records, _blobs) = open(&data).unwrap();
    disk.fill();
    create_until_refused(&records).await;
    let refused = AuditResult::Refused("unauthenticated".to_owned());
    let denied = AuditEntry { result: refused, ..AuditEntry::new(AuditAction::Denied, "rest") };
    let lost = loop {
        if let Err(error) = records.append(now(), denied.clone()).await {
            break error;
        }
    };
    assert!(is_of_the_disk(&lost.into()) && data.join("reserve").exists());
    let created = AuditEntry::new(AuditAction::InputUploaded, "rest");
    assert!(records.append(now(), created).await.is_err() && data.join("reserve").exists());
    let done = AuditEntry::new(AuditAction::RunCancelled, "rest");
    let head = records.append(now(), done).await.unwrap();
    assert_eq!(Audit::head(&*records).await.unwrap(), Some(head));
}
