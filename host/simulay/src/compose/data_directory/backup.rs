//! Copies of a whole data directory, made while a host works in it, and put back.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use anyhow::{Context as _, bail, ensure};
use simulay_blobs_object_store::{BlobCopies, Copied};
use simulay_store_sqlite::{copy_records, holds_records, restore_records};
use tempfile::TempDir;

use super::BLOBS;
use super::lock::make_private;

/// The list of images.
const IMAGES: &str = "images.toml";
/// The identity of the installation.
const INSTANCE: &str = "instance";

/// Whose containers are those of a copy that is put back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Identity {
    /// It has none: it begins as an installation of its own, beside the one that was copied.
    New,
    /// Those of the installation that was copied, which is no more.
    Kept,
}

/// Copies the data directory `data` to `target`, which is made or empty. A host may work in `data`.
/// `target` is there whole or not at all.
///
/// # Errors
/// When `target` is not empty, or something cannot be read or written.
pub(crate) fn back_up(data: &Path, target: &Path) -> anyhow::Result<Copied> {
    ensure!(holds_records(data), "{} is no data directory", data.display());
    let partial = begin(target)?;
    let mut copies = BlobCopies::linked(&data.join(BLOBS), &partial.path().join(BLOBS))?;
    // Blobs come first: one that is collected meanwhile is there all the same.
    copies.take_all()?;
    for blob in copy_records(data, partial.path())? {
        copies.require(blob)?;
    }
    copy_settings(data, partial.path(), &[IMAGES, INSTANCE])?;
    finish(partial, target)?;
    Ok(copies.finish())
}

/// Puts a copy that [`back_up`] made back, as the data directory `data`, which is made or empty.
/// Every byte is checked on the way.
///
/// # Errors
/// When `data` is not empty, a newer version made the copy, or its records are damaged.
pub(crate) fn restore(copy: &Path, data: &Path, identity: Identity) -> anyhow::Result<Copied> {
    ensure!(holds_records(copy), "{} is no backup", copy.display());
    let partial = begin(data)?;
    let named = restore_records(copy, partial.path())?;
    let mut copies = BlobCopies::checked(&copy.join(BLOBS), &partial.path().join(BLOBS))?;
    copies.take_all()?;
    for blob in named {
        copies.require(blob)?;
    }
    let settings: &[_] = if identity == Identity::Kept { &[IMAGES, INSTANCE] } else { &[IMAGES] };
    copy_settings(copy, partial.path(), settings)?;
    finish(partial, data)?;
    Ok(copies.finish())
}

/// A directory beside `target` that becomes `target` when all is in it.
fn begin(target: &Path) -> anyhow::Result<TempDir> {
    let unusable = || format!("{} cannot be used", target.display());
    match fs::read_dir(target).map(|mut entries| entries.next().is_none()) {
        Ok(true) => {}
        Ok(false) => {
            bail!("{} is not empty; name a directory that is empty or does not exist", target.display())
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error).with_context(unusable),
    }
    let parent = parent(target);
    make_private(parent).with_context(unusable)?;
    let permissions = fs::Permissions::from_mode(0o700);
    let mut builder = tempfile::Builder::new();
    let partial = builder.prefix(".simulay-partial-").permissions(permissions).tempdir_in(parent);
    partial.with_context(unusable)
}

fn parent(target: &Path) -> &Path {
    target.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Makes all durable, then gives it its name.
fn finish(partial: TempDir, target: &Path) -> anyhow::Result<()> {
    let unusable = || format!("{} cannot be written", target.display());
    sync_folders(partial.path()).with_context(unusable)?;
    // An empty directory gives way to another.
    fs::rename(partial.path(), target).with_context(unusable)?;
    // Nothing is there any more that could be removed.
    let _ = partial.keep();
    File::open(parent(target)).and_then(|parent| parent.sync_all()).with_context(unusable)
}

/// Makes durable which names there are.
fn sync_folders(directory: &Path) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            sync_folders(&entry.path())?;
        }
    }
    File::open(directory)?.sync_all()
}

/// What lies beside records and blobs.
fn copy_settings(from: &Path, to: &Path, names: &[&str]) -> anyhow::Result<()> {
    for name in names {
        match copy_durably(&from.join(name), &to.join(name)) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error).with_context(|| format!("{name} cannot be copied")),
        }
    }
    Ok(())
}

fn copy_durably(source: &Path, target: &Path) -> io::Result<()> {
    fs::copy(source, target)?;
    File::open(target)?.sync_all()
}
