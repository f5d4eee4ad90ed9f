//! A disk that fills, or takes nothing.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;

use simulay_blobs::{BlobError, BlobInventory as _, Blobs};
use simulay_blobs_object_store::ObjectBlobs;
use simulay_model::ManualClock;
use tempfile::TempDir;

use crate::samples::{content, put};

/// A file system of its own; gone when dropped.
struct Disk {
    mount: PathBuf,
    _parent: TempDir,
}

impl Disk {
    /// `None`, and a word about it, where nothing may be mounted.
    fn new() -> Option<Self> {
        let parent = tempfile::tempdir().unwrap();
        let mount = parent.path().join("disk");
        fs::create_dir(&mount).unwrap();
        let disk = Self { mount, _parent: parent };
        let mounted = disk.mount("size=8m");
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

    fn open(&self) -> Result<ObjectBlobs, BlobError> {
        ObjectBlobs::open(&self.mount.join("blobs"), Arc::<ManualClock>::default())
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.mount).status();
    }
}

/// Stores `size` bytes, when the disk takes them.
async fn try_put(blobs: &dyn Blobs, size: usize) -> Result<(), BlobError> {
    let mut writer = blobs.create().await.unwrap();
    writer.write(vec![7; size].into()).await?;
    writer.finish().await.map(|_| ())
}

#[tokio::test]
async fn a_disk_that_is_full_is_told_and_takes_blobs_again_once_there_is_room() {
    let Some(disk) = Disk::new() else { return };
    let blobs = disk.open().unwrap();
    let before = put(&blobs, b"before").await;
    let mut filler = File::create(disk.mount.join("filler")).unwrap();
    while filler.write_all(&[1; 4096]).is_ok() {}
    for size in [64 << 10, 2 << 20] {
        let stored = try_put(&blobs, size).await;
        assert!(matches!(stored, Err(BlobError::Full)), "{stored:?}");
    }
    assert_eq!(blobs.free().await.unwrap(), Some(0));
    content(blobs.read(before, None).await.unwrap()).await.unwrap();
    drop(filler);
    fs::remove_file(disk.mount.join("filler")).unwrap();
    try_put(&blobs, 2 << 20).await.unwrap();
    assert!(blobs.free().await.unwrap() > Some(1 << 20));
}

#[tokio::test]
async fn a_disk_that_turns_read_only_is_told_and_comes_back_by_itself() {
    let Some(disk) = Disk::new() else { return };
    let blobs = disk.open().unwrap();
    let before = put(&blobs, b"before").await;
    assert!(disk.mount("remount,ro"));
    for size in [10, 2 << 20] {
        let stored = try_put(&blobs, size).await;
        assert!(matches!(stored, Err(BlobError::Unwritable(_))), "{stored:?}");
    }
    let told = blobs.free().await;
    assert!(matches!(told, Err(BlobError::Unwritable(_))), "{told:?}");
    content(blobs.read(before, None).await.unwrap()).await.unwrap();
    assert!(disk.mount("remount,rw"));
    blobs.free().await.unwrap();
    put(&blobs, b"after").await;
}

#[test]
fn a_directory_that_is_read_only_at_the_start_is_told() {
    let Some(disk) = Disk::new() else { return };
    assert!(disk.mount("remount,ro"));
    assert!(matches!(disk.open(), Err(BlobError::Unwritable(_))));
}
