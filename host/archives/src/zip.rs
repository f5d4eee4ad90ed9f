//! Zip archives. Only the directory at the end of one tells what is in it, so it must lie whole.

mod member;

use std::fs::File;
use std::io::{self, BufReader, Read};

use flate2::bufread::DeflateDecoder;
use rawzip::{FileReader, RECOMMENDED_BUFFER_SIZE, ZipArchive, ZipEntry, ZipReader, ZipVerifier};

use crate::bounds::{Content, Metered, read_small};
use crate::contents::Gathering;
use crate::{ArchiveError, Bounds, Contents, Shelf};
use member::{Kind, Member};

/// Bytes of the target of a link.
const MOST_OF_LINK: u64 = 4096;

/// Reads a zip that lies in `file`.
///
/// # Errors
/// See [`ArchiveError`]; nothing is on the shelf when the directory is at fault.
pub fn read_zip(file: File, bounds: &Bounds, shelf: &mut dyn Shelf) -> Result<Contents, ArchiveError> {
    let size = file.metadata()?.len();
    let mut buffer = vec![0; RECOMMENDED_BUFFER_SIZE];
    let archive = ZipArchive::from_file(file, &mut buffer)?;
    if archive.end_offset() != size {
        return Err(ArchiveError::Damaged("there is more after its end".to_owned()));
    }
    let mut gathering = Gathering::new(bounds);
    let members = member::all(&archive, &mut gathering, bounds)?;
    let mut left = bounds.bytes;
    for member in members {
        let entry = archive.get_entry(member.wayfinder)?;
        let mut unpacked = Unpacking::new(&entry, &member);
        let mut metered = Metered::new(&mut unpacked, left);
        take(&member, &mut Content::new(&mut metered, member.path(), bounds), &mut gathering, shelf)
            .map_err(|error| of_whole(error, bounds))?;
        left = left.saturating_sub(metered.taken);
        unpacked.check_end(&member)?;
    }
    gathering.finish()
}

fn take(
    member: &Member,
    content: &mut Content<'_>,
    gathering: &mut Gathering<'_>,
    shelf: &mut dyn Shelf,
) -> Result<(), ArchiveError> {
    match member.kind {
        Kind::File => gathering.file(&member.place, shelf.store(content)?),
        Kind::Link => {
            let target = read_small(content, MOST_OF_LINK)?;
            gathering.link(&member.place, &target.unwrap_or_default());
        }
    }
    Ok(())
}

/// The bound as the operator set it, not what was left of it.
fn of_whole(error: ArchiveError, bounds: &Bounds) -> ArchiveError {
    match error {
        ArchiveError::Bytes(_) => ArchiveError::Bytes(bounds.bytes),
        other => other,
    }
}

/// The bytes of a member as they were before they were packed; its checksum is checked at their end.
enum Unpacking<'a> {
    Plain(ZipVerifier<ZipReader<&'a FileReader>>),
    Deflated(Box<ZipVerifier<DeflateDecoder<BufReader<ZipReader<&'a FileReader>>>>>),
}

impl<'a> Unpacking<'a> {
    fn new(entry: &ZipEntry<'a, FileReader>, member: &Member) -> Self {
        if member.deflated {
            let packed = BufReader::new(entry.reader());
            Self::Deflated(Box::new(entry.verifying_reader(DeflateDecoder::new(packed))))
        } else {
            Self::Plain(entry.verifying_reader(entry.reader()))
        }
    }

    /// Whether the packed bytes ended where the directory says.
    fn check_end(self, member: &Member) -> Result<(), ArchiveError> {
        let Self::Deflated(verified) = self else { return Ok(()) };
        if verified.into_inner().total_in() == member.packed {
            return Ok(());
        }
        Err(ArchiveError::Contradiction { path: member.path().to_owned(), what: "size" })
    }
}

impl Read for Unpacking<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(bytes) => bytes.read(buffer),
            Self::Deflated(bytes) => bytes.read(buffer),
        }
    }
}
