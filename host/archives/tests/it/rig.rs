//! A shelf in memory, and makers of archives.

use std::io::{Read, Write as _};

use simulay_archives::{ArchiveError, Bounds, Contents, Shelf, read_gzip, read_tar, read_zip};
use simulay_model::Digest;
use tar::{EntryType, Header};

/// Bounds that only a test of them meets.
pub(crate) const BOUNDS: Bounds = Bounds { files: 100, bytes: 1 << 20, file_bytes: 1 << 19 };

/// Keeps what it is given.
#[derive(Default)]
pub(crate) struct Memory(pub(crate) Vec<Vec<u8>>);

impl Shelf for Memory {
    fn store(&mut self, content: &mut dyn Read) -> Result<(Digest, u64), ArchiveError> {
        let mut bytes = Vec::new();
        content.read_to_end(&mut bytes)?;
        let stored = (Digest::of(&bytes), bytes.len() as u64);
        self.0.push(bytes);
        Ok(stored)
    }
}

pub(crate) fn of_tar(bytes: &[u8]) -> Result<Contents, ArchiveError> {
    read_tar(bytes, &BOUNDS, &mut Memory::default())
}

pub(crate) fn of_gzip(bytes: &[u8]) -> Result<Contents, ArchiveError> {
    read_gzip(bytes, &BOUNDS, &mut Memory::default())
}

pub(crate) fn of_zip(bytes: &[u8]) -> Result<Contents, ArchiveError> {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    read_zip(file, &BOUNDS, &mut Memory::default())
}

/// Paths and sizes of what was taken.
#[track_caller]
pub(crate) fn taken(read: Result<Contents, ArchiveError>) -> Vec<(String, u64)> {
    let contents = read.unwrap();
    contents.files.into_iter().map(|file| (file.path.as_str().to_owned(), file.size)).collect()
}

/// The refusal, in words.
#[track_caller]
pub(crate) fn refused(read: Result<Contents, ArchiveError>) -> String {
    match read {
        Err(error) => error.to_string(),
        Ok(contents) => panic!("{contents:?}"),
    }
}

/// A tar in the making, which may say what no program says.
#[derive(Default)]
pub(crate) struct Tar(Vec<u8>);

impl Tar {
    /// A member whose name is written as it is.
    pub(crate) fn member(mut self, kind: EntryType, name: &[u8], target: &[u8], content: &[u8]) -> Self {
        let mut header = Header::new_gnu();
        header.as_old_mut().name[..name.len()].copy_from_slice(name);
        header.as_old_mut().linkname[..target.len()].copy_from_slice(target);
        header.set_entry_type(kind);
        header.set_mode(0o644);
        header.set_size(content.len() as u64);
        header.set_cksum();
        self.0.extend_from_slice(header.as_bytes());
        self.0.extend_from_slice(content);
        self.0.resize(self.0.len().next_multiple_of(512), 0);
        self
    }

    pub(crate) fn file(self, name: &str, content: &[u8]) -> Self {
        self.member(EntryType::Regular, name.as_bytes(), b"", content)
    }

    /// What is said of the next member; each line as `key=value`.
    pub(crate) fn pax(self, lines: &[&str]) -> Self {
        let text: String = lines.iter().map(|line| record(line)).collect();
        self.member(EntryType::XHeader, b"pax", b"", text.as_bytes())
    }

    /// The bytes so far, without an end.
    pub(crate) fn open(self) -> Vec<u8> {
        self.0
    }

    /// The archive.
    pub(crate) fn end(mut self) -> Vec<u8> {
        self.0.extend([0; 1024]);
        self.0
    }
}

/// A line of a pax header, which begins with its own length.
fn record(line: &str) -> String {
    let rest = line.len() + 2;
    let length = (1..4).map(|digits| rest + digits).find(|length| length.to_string().len() + rest == *length);
    format!("{} {line}\n", length.unwrap())
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A zip of these files, each deflated.
pub(crate) fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut archive = rawzip::ZipArchiveWriter::new(&mut bytes);
    for (name, content) in files {
        let name = rawzip::path::EntryPath::verbatim(name.as_bytes());
        let file = archive.new_file(name).compression_method(rawzip::CompressionMethod::DEFLATE);
        let (mut entry, config) = file.start().unwrap();
        let encoder = flate2::write::DeflateEncoder::new(&mut entry, flate2::Compression::best());
        let mut writer = config.wrap(encoder);
        writer.write_all(content).unwrap();
        let (encoder, descriptor) = writer.finish().unwrap();
        encoder.finish().unwrap();
        entry.finish(descriptor).unwrap();
    }
    archive.finish().unwrap();
    bytes
}

/// `bytes` with every `from` become `to`, which is as long.
pub(crate) fn replaced(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let mut bytes = bytes.to_vec();
    let places: Vec<usize> =
        (0..=bytes.len() - from.len()).filter(|n| bytes[*n..].starts_with(from)).collect();
    assert!(!places.is_empty());
    for place in places {
        bytes[place..place + to.len()].copy_from_slice(to);
    }
    bytes
}
