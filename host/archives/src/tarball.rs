//! Tar archives, read once from their beginning to their end.

mod described;

use std::io::{self, Read};

use flate2::read::MultiGzDecoder;
use tar::{Archive, Entry, EntryType};

use crate::bounds::{Content, Metered};
use crate::contents::{Gathering, Place};
use crate::{ArchiveError, Bounds, Contents, Shelf};
use described::Described;

const BLOCK: u64 = 512;

/// Reads a tar from a stream.
///
/// # Errors
/// See [`ArchiveError`]; files that came before the fault are on the shelf.
pub fn read_tar(source: impl Read, bounds: &Bounds, shelf: &mut dyn Shelf) -> Result<Contents, ArchiveError> {
    let mut archive = Archive::new(Metered::new(source, bounds.bytes));
    let mut gathering = Gathering::new(bounds);
    let end = members(&mut archive, &mut Reading { gathering: &mut gathering, bounds, shelf })?;
    let rest = archive.into_inner();
    if rest.taken <= end {
        return Err(ArchiveError::Damaged("it ends without the mark of its end".to_owned()));
    }
    check_rest(rest)?;
    gathering.finish()
}

/// As [`read_tar`], of what gzip made of it.
///
/// # Errors
/// See [`ArchiveError`].
pub fn read_gzip(
    source: impl Read,
    bounds: &Bounds,
    shelf: &mut dyn Shelf,
) -> Result<Contents, ArchiveError> {
    read_tar(MultiGzDecoder::new(source), bounds, shelf)
}

struct Reading<'a, 'b> {
    gathering: &'a mut Gathering<'b>,
    bounds: &'a Bounds,
    shelf: &'a mut dyn Shelf,
}

/// Takes every member; gives the place where the last one ends.
fn members<R: Read>(archive: &mut Archive<R>, reading: &mut Reading<'_, '_>) -> Result<u64, ArchiveError> {
    let mut end = 0;
    let mut described = Described::default();
    // Raw: names and sizes that come ahead of a member are read here, within bounds.
    for entry in archive.entries()?.raw(true) {
        let mut entry = entry.map_err(|error| if end == 0 { unknown(error) } else { error.into() })?;
        end = entry.raw_file_position() + entry.size().next_multiple_of(BLOCK);
        if !described.take_in(&mut entry)? {
            reading.member(&mut entry, std::mem::take(&mut described))?;
        }
    }
    if described.is_some() {
        return Err(ArchiveError::Damaged("it describes a file that does not come".to_owned()));
    }
    Ok(end)
}

/// What cannot even begin is no tar; our own errors pass.
fn unknown(error: io::Error) -> ArchiveError {
    match ArchiveError::from(error) {
        ArchiveError::Damaged(_) => ArchiveError::Unknown,
        other => other,
    }
}

/// After its end an archive is padded with zeros. Other bytes may be files, and would be lost.
fn check_rest(mut rest: impl Read) -> Result<(), ArchiveError> {
    let mut piece = [0; 8192];
    loop {
        let read = rest.read(&mut piece)?;
        if read == 0 {
            return Ok(());
        }
        if piece.iter().take(read).any(|byte| *byte != 0) {
            return Err(ArchiveError::Damaged("there is more after its end".to_owned()));
        }
    }
}

impl Reading<'_, '_> {
    fn member<R: Read>(
        &mut self,
        entry: &mut Entry<'_, R>,
        described: Described,
    ) -> Result<(), ArchiveError> {
        let kind = entry.header().entry_type();
        let name = described.name(entry)?;
        // Before there were folders in tar, a slash at the end told them.
        if kind == EntryType::Directory || (kind == EntryType::Regular && name.ends_with(b"/")) {
            return self.gathering.folder(&name);
        }
        if let Some(what) = special(kind).or_else(|| described.is_sparse().then_some("sparse")) {
            return Err(ArchiveError::Special { path: shown(&name), what });
        }
        let Some(place) = self.gathering.admit(&name)? else { return Ok(()) };
        match kind {
            EntryType::Symlink => self.gathering.link(&place, &described.target(entry)?),
            EntryType::Link => self.gathering.hard_link(&place, &described.target(entry)?),
            _ => self.file(entry, &place)?,
        }
        Ok(())
    }

    fn file<R: Read>(&mut self, entry: &mut Entry<'_, R>, place: &Place) -> Result<(), ArchiveError> {
        let (size, path) = (entry.size(), place.path.as_str());
        let stored = self.shelf.store(&mut Content::new(entry, path, self.bounds))?;
        if stored.1 != size {
            return Err(ArchiveError::Damaged(format!("it breaks off within `{path}`")));
        }
        self.gathering.file(place, stored);
        Ok(())
    }
}

fn special(kind: EntryType) -> Option<&'static str> {
    match kind {
        EntryType::Regular | EntryType::Continuous | EntryType::Link | EntryType::Symlink => None,
        EntryType::Char | EntryType::Block => Some("a device"),
        EntryType::Fifo => Some("a pipe"),
        EntryType::GNUSparse => Some("sparse"),
        _ => Some("of an unknown kind"),
    }
}

fn shown(name: &[u8]) -> String {
    String::from_utf8_lossy(name).into_owned()
}
