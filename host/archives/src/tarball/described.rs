//! What members of a tar say of the member after them: names and sizes too long for its header.

use std::io::Read;

use tar::{Entry, EntryType, PaxExtensions};

use super::shown;
use crate::ArchiveError;
use crate::bounds::read_small;

/// Bytes that may be said of one member.
const MOST: u64 = 1 << 20;

/// What is said of the next member.
#[derive(Debug, Default)]
pub(super) struct Described {
    name: Option<Vec<u8>>,
    target: Option<Vec<u8>>,
    size: Option<Vec<u8>>,
    sparse: bool,
    any: bool,
}

impl Described {
    /// Takes `entry` in when it only describes another; false when it is a member itself.
    pub(super) fn take_in<R: Read>(&mut self, entry: &mut Entry<'_, R>) -> Result<bool, ArchiveError> {
        match entry.header().entry_type() {
            EntryType::GNULongName => once(&mut self.name, "name", long(entry)?)?,
            EntryType::GNULongLink => once(&mut self.target, "target", long(entry)?)?,
            EntryType::XHeader => self.take_pax(&whole(entry)?)?,
            EntryType::XGlobalHeader => return check_global(&whole(entry)?).map(|()| true),
            _ => return Ok(false),
        }
        self.any = true;
        Ok(true)
    }

    pub(super) const fn is_some(&self) -> bool {
        self.any
    }

    pub(super) const fn is_sparse(&self) -> bool {
        self.sparse
    }

    fn take_pax(&mut self, bytes: &[u8]) -> Result<(), ArchiveError> {
        for extension in PaxExtensions::new(bytes) {
            let extension = extension?;
            let value = extension.value_bytes().to_vec();
            match extension.key_bytes() {
                b"path" => once(&mut self.name, "name", value)?,
                b"linkpath" => once(&mut self.target, "target", value)?,
                b"size" => once(&mut self.size, "size", value)?,
                key => self.sparse |= key.starts_with(b"GNU.sparse."),
            }
        }
        Ok(())
    }

    /// The name of the member `entry`, once its size is known to be told the same everywhere.
    pub(super) fn name<R: Read>(&self, entry: &Entry<'_, R>) -> Result<Vec<u8>, ArchiveError> {
        let name = self.name.clone().unwrap_or_else(|| entry.header().path_bytes().into_owned());
        let told = entry.size().to_string().into_bytes();
        if self.size.as_ref().is_some_and(|size| *size != told) {
            return Err(ArchiveError::Contradiction { path: shown(&name), what: "size" });
        }
        Ok(name)
    }

    /// Where the link `entry` leads.
    pub(super) fn target<R: Read>(&self, entry: &Entry<'_, R>) -> Result<Vec<u8>, ArchiveError> {
        let target = self.target.clone().or_else(|| entry.header().link_name_bytes().map(Into::into));
        target.ok_or_else(|| ArchiveError::Damaged("it has a link that leads nowhere".to_owned()))
    }
}

fn once(place: &mut Option<Vec<u8>>, what: &'static str, value: Vec<u8>) -> Result<(), ArchiveError> {
    match place.replace(value) {
        None => Ok(()),
        Some(before) => Err(ArchiveError::Contradiction { path: shown(&before), what }),
    }
}

fn long<R: Read>(entry: &mut Entry<'_, R>) -> Result<Vec<u8>, ArchiveError> {
    let mut name = whole(entry)?;
    if name.last() == Some(&0) {
        name.pop();
    }
    Ok(name)
}

fn whole<R: Read>(entry: &mut Entry<'_, R>) -> Result<Vec<u8>, ArchiveError> {
    let read = read_small(entry, MOST)?;
    read.ok_or_else(|| ArchiveError::Damaged("the description of a file is too long".to_owned()))
}

/// What is said of all members may be a comment, but nothing that each must say of itself.
fn check_global(bytes: &[u8]) -> Result<(), ArchiveError> {
    for extension in PaxExtensions::new(bytes) {
        let extension = extension?;
        let key = extension.key_bytes();
        if matches!(key, b"path" | b"linkpath" | b"size") || key.starts_with(b"GNU.sparse.") {
            return Err(ArchiveError::Damaged("it gives one name or size to all its files".to_owned()));
        }
    }
    Ok(())
}
