//! Copies of a whole data directory, made while a host works in it, and put back.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use rusqlite::Connection;
use simulay_model::{Digest, Hasher};
use simulay_store::StoreError;
use tempfile::TempDir;

use crate::blobs::{BLOBS, STORED, all, place};
use crate::copy::{check_sound, copy_records, referenced};
use crate::directory::{make_private, unusable};
use crate::failure::{SqlError, SqlResult};
use crate::open::{RECORDS, records_in};

/// The list of images.
const IMAGES: &str = "images.toml";
/// The identity of the installation.
const INSTANCE: &str = "instance";

/// What was copied.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Copied {
    /// Blobs.
    pub blobs: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Blobs that a record names and that were not there, or not what they should be.
    pub damaged: Vec<Digest>,
}

/// Whose containers are those of a copy that is put back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Identity {
    /// It has none: it begins as an installation of its own, beside the one that was copied.
    New,
    /// Those of the installation that was copied, which is no more.
    Kept,
}

/// Copies the data directory `data` to `target`, which is made or empty. A host may work in `data`.
/// `target` is there whole or not at all. Blobs are linked where the file system can: they never
/// change.
///
/// # Errors
/// When `target` is not empty, or something cannot be read or written.
pub fn back_up(data: &Path, target: &Path) -> Result<Copied, StoreError> {
    let found = records_in(data)?;
    let partial = begin(target)?;
    let (from, to) = (data.join(BLOBS), partial.path().join(BLOBS));
    // Blobs come first: one that is collected meanwhile is there all the same.
    let mut copied = take_all(&from, &to, link)?;
    let records = partial.path().join(RECORDS);
    copy_records(&found, &records)?;
    for blob in referenced(&connect(&records)?)? {
        if !place(&to, blob).exists() {
            take(&from, &to, blob, link, &mut copied)?;
        }
    }
    copy_settings(data, partial.path(), &[IMAGES, INSTANCE]).map_err(|error| unusable(target, &error))?;
    finish(partial, target).map(|()| copied)
}

/// Puts a copy that [`back_up`] made back, as the data directory `data`, which is made or empty.
/// Every byte is checked on the way.
///
/// # Errors
/// When `data` is not empty, a newer version made the copy, or its records are damaged.
pub fn restore(copy: &Path, data: &Path, identity: Identity) -> Result<Copied, StoreError> {
    if !copy.join(RECORDS).is_file() {
        return Err(StoreError::Failed(format!("{} is no backup", copy.display())));
    }
    let partial = begin(data)?;
    let records = partial.path().join(RECORDS);
    fs::copy(copy.join(RECORDS), &records).map_err(|error| unusable(data, &error))?;
    let connection = connect(&records)?;
    check_sound(&connection)?;
    let (from, to) = (copy.join(BLOBS), partial.path().join(BLOBS));
    let mut copied = take_all(&from, &to, copy_checked)?;
    for blob in referenced(&connection)? {
        if !place(&to, blob).exists() && !copied.damaged.contains(&blob) {
            copied.damaged.push(blob);
        }
    }
    connection.close().map_err(|(_, error)| SqlError::from(error))?;
    let settings: &[_] = if identity == Identity::Kept { &[IMAGES, INSTANCE] } else { &[IMAGES] };
    copy_settings(copy, partial.path(), settings).map_err(|error| unusable(data, &error))?;
    finish(partial, data).map(|()| copied)
}

fn connect(records: &Path) -> SqlResult<Connection> {
    Ok(Connection::open(records)?)
}

/// A directory beside `target` that becomes `target` when all is in it.
fn begin(target: &Path) -> Result<TempDir, StoreError> {
    let failed = |error: &io::Error| unusable(target, error);
    match fs::read_dir(target).map(|mut entries| entries.next().is_none()) {
        Ok(true) => {}
        Ok(false) => {
            let cure = "name a directory that is empty or does not exist";
            return Err(StoreError::Failed(format!("{} is not empty; {cure}", target.display())));
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(failed(&error)),
    }
    let parent = parent(target);
    make_private(parent).map_err(|error| failed(&error))?;
    let permissions = fs::Permissions::from_mode(0o700);
    let mut builder = tempfile::Builder::new();
    let partial = builder.prefix(".simulay-partial-").permissions(permissions).tempdir_in(parent);
    let partial = partial.map_err(|error| failed(&error))?;
    make_private(&partial.path().join(BLOBS).join(STORED)).map_err(|error| failed(&error))?;
    Ok(partial)
}

fn parent(target: &Path) -> &Path {
    target.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Makes all durable, then gives it its name.
fn finish(partial: TempDir, target: &Path) -> Result<(), StoreError> {
    let failed = |error: io::Error| unusable(target, &error);
    File::open(partial.path().join(RECORDS)).and_then(|file| file.sync_all()).map_err(failed)?;
    sync_folders(partial.path()).map_err(failed)?;
    // An empty directory gives way to another.
    fs::rename(partial.path(), target).map_err(failed)?;
    // Nothing is there any more that could be removed.
    let _ = partial.keep();
    File::open(parent(target)).and_then(|parent| parent.sync_all()).map_err(failed)
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

type Take = fn(&Path, &Path, Digest) -> io::Result<bool>;

/// Takes every blob from one directory to another.
fn take_all(from: &Path, to: &Path, how: Take) -> Result<Copied, StoreError> {
    let (mut copied, shelves) = (Copied::default(), from.join(STORED));
    for blob in all(&shelves).map_err(|error| unusable(&shelves, &error))? {
        take(from, to, blob.blob, how, &mut copied)?;
    }
    Ok(copied)
}

fn take(from: &Path, to: &Path, blob: Digest, how: Take, copied: &mut Copied) -> Result<(), StoreError> {
    let (source, target) = (place(from, blob), place(to, blob));
    let taken = make_private(parent(&target)).and_then(|()| how(&source, &target, blob));
    match taken {
        Ok(true) => {
            copied.blobs += 1;
            copied.bytes += target.metadata().map_or(0, |metadata| metadata.len());
        }
        Ok(false) => copied.damaged.push(blob),
        Err(error) if error.kind() == io::ErrorKind::NotFound && !source.exists() => {
            copied.damaged.push(blob);
        }
        Err(error) => return Err(unusable(&target, &error)),
    }
    Ok(())
}

/// A second name for the same bytes, or a copy on another file system.
fn link(source: &Path, target: &Path, _: Digest) -> io::Result<bool> {
    // What is linked is durable already.
    if fs::hard_link(source, target).is_err() {
        copy_durably(source, target)?;
    }
    Ok(true)
}

fn copy_durably(source: &Path, target: &Path) -> io::Result<()> {
    fs::copy(source, target)?;
    File::open(target)?.sync_all()
}

/// False when the bytes are not what their name says: then they are left behind.
fn copy_checked(source: &Path, target: &Path, blob: Digest) -> io::Result<bool> {
    copy_durably(source, target)?;
    let (mut file, mut hasher) = (File::open(target)?, Hasher::default());
    let mut piece = vec![0; 1 << 20];
    loop {
        let read = file.read(&mut piece)?;
        if read == 0 {
            break;
        }
        hasher.update(piece.get(..read).unwrap_or_default());
    }
    let sound = hasher.finish() == blob;
    if !sound {
        fs::remove_file(target)?;
    }
    Ok(sound)
}

/// What lies beside the records.
fn copy_settings(from: &Path, to: &Path, names: &[&str]) -> io::Result<()> {
    for name in names {
        match copy_durably(&from.join(name), &to.join(name)) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
