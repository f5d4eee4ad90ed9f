//! How much is taken out of one archive.

use std::io::{self, Read};

use crate::ArchiveError;

/// How much is taken out of one archive.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// Files, and as many folders.
    pub files: usize,
    /// Bytes of everything when it is unpacked.
    pub bytes: u64,
    /// Bytes of one file.
    pub file_bytes: u64,
}

/// What is unpacked, counted while it is read: a bomb goes off no further than the bound.
pub(crate) struct Metered<R> {
    pub(crate) inner: R,
    pub(crate) taken: u64,
    pub(crate) limit: u64,
}

impl<R> Metered<R> {
    pub(crate) const fn new(inner: R, limit: u64) -> Self {
        Self { inner, taken: 0, limit }
    }
}

impl<R: Read> Read for Metered<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.taken += read as u64;
        if self.taken > self.limit { Err(ArchiveError::Bytes(self.limit).into()) } else { Ok(read) }
    }
}

/// The content of one file.
pub(crate) struct Content<'a> {
    pub(crate) inner: &'a mut dyn Read,
    pub(crate) path: &'a str,
    pub(crate) taken: u64,
    pub(crate) limit: u64,
}

impl<'a> Content<'a> {
    pub(crate) fn new(inner: &'a mut dyn Read, path: &'a str, bounds: &Bounds) -> Self {
        Self { inner, path, taken: 0, limit: bounds.file_bytes }
    }
}

impl Read for Content<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.taken += read as u64;
        if self.taken <= self.limit {
            return Ok(read);
        }
        Err(ArchiveError::FileBytes { path: self.path.to_owned(), limit: self.limit }.into())
    }
}

/// All of `source`, when it has at most `most` bytes.
pub(crate) fn read_small(source: &mut dyn Read, most: u64) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    source.take(most + 1).read_to_end(&mut bytes)?;
    Ok((bytes.len() as u64 <= most).then_some(bytes))
}
