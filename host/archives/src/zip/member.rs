//! What the directory of a zip says, held against what lies before each file.

use rawzip::{
    CompressionMethod, CreatorSystem, FileReader, RECOMMENDED_BUFFER_SIZE, ZipArchive,
    ZipArchiveEntryWayfinder, ZipFileHeaderRecord,
};

use crate::contents::{Gathering, Place};
use crate::{ArchiveError, Bounds};

/// The name and what else lies before a file has at most twice as many bytes as 16 bits count.
const LOCAL: usize = 1 << 17;
const FILE_TYPE: u32 = 0o170_000;

/// A file or link to take.
pub(super) struct Member {
    pub(super) place: Place,
    pub(super) kind: Kind,
    pub(super) wayfinder: ZipArchiveEntryWayfinder,
    pub(super) deflated: bool,
    /// Bytes in the archive.
    pub(super) packed: u64,
}

/// What a member is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    File,
    Link,
}

impl Member {
    pub(super) fn path(&self) -> &str {
        self.place.path.as_str()
    }
}

/// Where a member lies, from its header to its last byte.
struct Stretch {
    begin: u64,
    end: u64,
    name: String,
}

/// The members to take, none of which lies over another.
pub(super) fn all(
    archive: &ZipArchive<FileReader>,
    gathering: &mut Gathering<'_>,
    bounds: &Bounds,
) -> Result<Vec<Member>, ArchiveError> {
    // Not believed, but enough to refuse: the directory is read no further than the bound.
    if archive.entries_hint() > 2 * bounds.files as u64 {
        return Err(ArchiveError::Files(bounds.files));
    }
    let (mut members, mut stretches) = (Vec::new(), Vec::new());
    let (mut buffer, mut local) = (vec![0; RECOMMENDED_BUFFER_SIZE], vec![0; LOCAL]);
    let mut records = archive.entries(&mut buffer);
    while let Some(record) = records.next_entry()? {
        stretches.push(stretch(archive, &record, &mut local)?);
        if let Some(member) = member(&record, gathering)? {
            check_size(&record, &member, bounds)?;
            members.push(member);
        }
    }
    if stretches.len() as u64 != archive.entries_hint() {
        return Err(ArchiveError::Damaged("its directory has not as many entries as it says".to_owned()));
    }
    check_apart(stretches, archive.directory_offset())?;
    Ok(members)
}

fn member(
    record: &ZipFileHeaderRecord<'_>,
    gathering: &mut Gathering<'_>,
) -> Result<Option<Member>, ArchiveError> {
    let (name, mode) = (name(record), record.mode().value() & FILE_TYPE);
    if record.is_dir() || mode == 0o040_000 {
        return gathering.folder(&name).map(|()| None);
    }
    let kind = match mode {
        0 | 0o100_000 => Kind::File,
        0o120_000 => Kind::Link,
        _ => return Err(ArchiveError::Special { path: shown(&name), what: "a device, pipe or socket" }),
    };
    let deflated = is_deflated(record, &name)?;
    let Some(place) = gathering.admit(&name)? else { return Ok(None) };
    let packed = record.compressed_size_hint();
    Ok(Some(Member { place, kind, wayfinder: record.wayfinder(), deflated, packed }))
}

fn is_deflated(record: &ZipFileHeaderRecord<'_>, name: &[u8]) -> Result<bool, ArchiveError> {
    let flags = record.flags();
    if flags.is_encrypted() || flags.has_strong_encryption() || flags.is_masked() {
        return Err(ArchiveError::Encrypted(shown(name)));
    }
    match record.compression_method() {
        CompressionMethod::STORE => Ok(false),
        CompressionMethod::DEFLATE => Ok(true),
        other => {
            let number = || format!("method {}", other.as_u16());
            let method = other.name().map_or_else(number, str::to_owned);
            Err(ArchiveError::Method { path: shown(name), method })
        }
    }
}

/// The name with `/` between its parts: where `\` cannot be in a name, some programs write it there.
fn name(record: &ZipFileHeaderRecord<'_>) -> Vec<u8> {
    let name = record.file_path().as_bytes();
    match record.version_made_by().creator_system() {
        CreatorSystem::FAT | CreatorSystem::NTFS | CreatorSystem::VFAT => {
            name.iter().map(|byte| if *byte == b'\\' { b'/' } else { *byte }).collect()
        }
        _ => name.to_vec(),
    }
}

/// What is announced is believed only when it is too much; what comes is counted all the same.
fn check_size(
    record: &ZipFileHeaderRecord<'_>,
    member: &Member,
    bounds: &Bounds,
) -> Result<(), ArchiveError> {
    if record.uncompressed_size_hint() <= bounds.file_bytes {
        return Ok(());
    }
    Err(ArchiveError::FileBytes { path: member.path().to_owned(), limit: bounds.file_bytes })
}

fn stretch(
    archive: &ZipArchive<FileReader>,
    record: &ZipFileHeaderRecord<'_>,
    buffer: &mut [u8],
) -> Result<Stretch, ArchiveError> {
    let entry = archive.get_entry(record.wayfinder())?;
    let name = record.file_path().as_bytes();
    if entry.local_header(buffer)?.file_path().as_bytes() != name {
        return Err(ArchiveError::Contradiction { path: shown(name), what: "name" });
    }
    let (_, end) = entry.compressed_data_range();
    Ok(Stretch { begin: record.local_header_offset(), end, name: shown(name) })
}

/// Files that share bytes make a small archive a large one.
fn check_apart(mut stretches: Vec<Stretch>, directory: u64) -> Result<(), ArchiveError> {
    stretches.sort_by_key(|stretch| stretch.begin);
    let next = stretches.iter().skip(1).map(|stretch| stretch.begin).chain([directory]);
    let over = stretches.iter().zip(next).find(|(stretch, next)| stretch.end > *next);
    over.map_or(Ok(()), |(stretch, _)| Err(ArchiveError::Overlap(stretch.name.clone())))
}

fn shown(name: &[u8]) -> String {
    String::from_utf8_lossy(name).into_owned()
}
