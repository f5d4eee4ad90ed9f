//! Copies of a directory of blobs, made while a host works in it, and put back.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use simulay_blobs::BlobError;
use simulay_model::{Digest, Hasher};

use super::layout::{file_of, make_private, stored_in};
use crate::failure::of_file;

/// What was copied.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Copied {
    /// Blobs.
    pub blobs: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Blobs that were not there, or not what they should be.
    pub damaged: Vec<Digest>,
}

/// Takes a file; false when its bytes are not what its name says: then they are left behind.
type Take = fn(&Path, &Path, Digest) -> io::Result<bool>;

/// Copies blobs of one directory to another.
pub struct BlobCopies {
    from: PathBuf,
    to: PathBuf,
    take: Take,
    copied: Copied,
}

impl BlobCopies {
    /// Copies as they are: linked where the file system can, for blobs never change.
    ///
    /// # Errors
    /// When `to` cannot be made.
    pub fn linked(from: &Path, to: &Path) -> Result<Self, BlobError> {
        Self::begin(from, to, link)
    }

    /// Copies whose every byte is checked on the way.
    ///
    /// # Errors
    /// When `to` cannot be made.
    pub fn checked(from: &Path, to: &Path) -> Result<Self, BlobError> {
        Self::begin(from, to, copy_checked)
    }

    fn begin(from: &Path, to: &Path, take: Take) -> Result<Self, BlobError> {
        make_private(to).map_err(|error| of_file(to, error))?;
        Ok(Self { from: from.to_owned(), to: to.to_owned(), take, copied: Copied::default() })
    }

    /// Copies every blob there is; one that goes meanwhile is left out.
    ///
    /// # Errors
    /// When a blob cannot be read or written.
    pub fn take_all(&mut self) -> Result<(), BlobError> {
        for (blob, _) in stored_in(&self.from).map_err(|error| of_file(&self.from, error))? {
            self.take(blob)?;
        }
        Ok(())
    }

    /// Copies a blob that must be there, unless it was looked at before.
    ///
    /// # Errors
    /// When it cannot be read or written.
    pub fn require(&mut self, blob: Digest) -> Result<(), BlobError> {
        let known = file_of(&self.to, blob).exists() || self.copied.damaged.contains(&blob);
        if !known && !self.take(blob)? {
            self.copied.damaged.push(blob);
        }
        Ok(())
    }

    /// What was copied.
    #[must_use]
    pub fn finish(self) -> Copied {
        self.copied
    }

    /// False when there is no such blob.
    fn take(&mut self, blob: Digest) -> Result<bool, BlobError> {
        let (source, target) = (file_of(&self.from, blob), file_of(&self.to, blob));
        let folder = target.parent().unwrap_or(&self.to);
        match make_private(folder).and_then(|()| (self.take)(&source, &target, blob)) {
            Ok(true) => {
                self.copied.blobs += 1;
                self.copied.bytes += target.metadata().map_or(0, |metadata| metadata.len());
            }
            Ok(false) => self.copied.damaged.push(blob),
            Err(error) if error.kind() == io::ErrorKind::NotFound && !source.exists() => return Ok(false),
            Err(error) => return Err(of_file(&target, error)),
        }
        Ok(true)
    }
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

fn copy_checked(source: &Path, target: &Path, blob: Digest) -> io::Result<bool> {
    copy_durably(source, target)?;
    let sound = digest_of(target)? == blob;
    if !sound {
        fs::remove_file(target)?;
    }
    Ok(sound)
}

fn digest_of(file: &Path) -> io::Result<Digest> {
    let (mut file, mut hasher) = (File::open(file)?, Hasher::default());
    let mut piece = vec![0; 1 << 20];
    loop {
        match file.read(&mut piece)? {
            0 => return Ok(hasher.finish()),
            read => hasher.update(piece.get(..read).unwrap_or_default()),
        }
    }
}
