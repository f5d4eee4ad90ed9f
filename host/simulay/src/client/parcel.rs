//! Files on their way to a server, many in one request.

use std::fs::File;
use std::io::{self, Read as _, Write};

use bytes::Bytes;
use futures_util::stream;
use tar::{Builder, Header};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::inputs::{Known, unreadable};

/// What a tar is made of.
const BLOCK: u64 = 512;
/// What a tar ends with.
const END: u64 = 2 * BLOCK;
/// Bytes on their way at a time.
const PIECE: usize = 64 * 1024;
const WAITING: usize = 4;

/// How much goes in one request of many files; a larger file goes alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Room {
    files: usize,
    bytes: u64,
}

impl Room {
    /// What is sensible where a server takes no less.
    pub(super) const USUAL: Self = Self { files: 2_000, bytes: 256 << 20 };

    /// The room in a request to a server that takes this much.
    pub(super) fn of(files: usize, bytes: u64) -> Self {
        Self { files: files.min(Self::USUAL.files), bytes: bytes.min(Self::USUAL.bytes) }
    }
}

/// What is sent in one request.
#[derive(Debug)]
pub(super) enum Parcel {
    /// A file as it is.
    One(Known),
    /// An archive.
    Many(Vec<Known>),
}

impl Parcel {
    /// All of `files`, in few parcels.
    pub(super) fn of(files: Vec<Known>, room: Room) -> Vec<Self> {
        let most = room.bytes.saturating_sub(END);
        let (large, small): (Vec<_>, Vec<_>) = files.into_iter().partition(|file| in_tar(file) > most);
        let mut parcels: Vec<Self> = large.into_iter().map(Self::One).collect();
        let (mut parcel, mut bytes) = (Vec::new(), 0);
        for file in small {
            if parcel.len() >= room.files || bytes + in_tar(&file) > most {
                parcels.extend(Self::whole(std::mem::take(&mut parcel)));
                bytes = 0;
            }
            bytes += in_tar(&file);
            parcel.push(file);
        }
        parcels.extend(Self::whole(parcel));
        parcels
    }

    fn whole(mut files: Vec<Known>) -> Option<Self> {
        if files.len() > 1 { Some(Self::Many(files)) } else { files.pop().map(Self::One) }
    }
}

/// Bytes that `file` takes in a tar, with its header.
fn in_tar(file: &Known) -> u64 {
    file.size.div_ceil(BLOCK).saturating_add(1).saturating_mul(BLOCK)
}

/// A tar of `files`, each named by its digest, packed while it is sent; and how the packing went.
pub(super) fn packed(files: Vec<Known>) -> (reqwest::Body, JoinHandle<anyhow::Result<()>>) {
    let (sender, mut pieces) = mpsc::channel::<io::Result<Bytes>>(WAITING);
    let packing = tokio::task::spawn_blocking(move || {
        let failing = sender.clone();
        let result = pack(&files, Outgoing { pieces: sender, pending: Vec::new() });
        if result.is_err() {
            // The request must not end as if it were whole.
            let _ = failing.blocking_send(Err(io::Error::other("a file cannot be read")));
        }
        result
    });
    let body = stream::poll_fn(move |context| pieces.poll_recv(context));
    (reqwest::Body::wrap_stream(body), packing)
}

fn pack(files: &[Known], outgoing: Outgoing) -> anyhow::Result<()> {
    let mut archive = Builder::new(outgoing);
    for known in files {
        let file = File::open(&known.file).map_err(|error| unreadable(&known.file, &error))?;
        let mut header = Header::new_gnu();
        header.set_size(known.size);
        header.set_mode(0o644);
        // A file that grew is cut, one that shrank filled up: its digest tells.
        let content = file.chain(io::repeat(0)).take(known.size);
        match archive.append_data(&mut header, known.sha256.to_string(), content) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(()),
            appended => appended.map_err(|error| unreadable(&known.file, &error))?,
        }
    }
    // A server that reads no more tells why.
    let _ = archive.into_inner().and_then(|mut outgoing| outgoing.flush());
    Ok(())
}

/// Hands pieces to the request; a request that has ended takes no more.
struct Outgoing {
    pieces: mpsc::Sender<io::Result<Bytes>>,
    pending: Vec<u8>,
}

impl Write for Outgoing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.pending.extend_from_slice(bytes);
        if self.pending.len() >= PIECE {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let piece = std::mem::take(&mut self.pending);
        self.pieces.blocking_send(Ok(piece.into())).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}

#[cfg(test)]
mod tests {
    use simulay_model::Digest;

    use super::*;

    fn files(sizes: &[u64]) -> Vec<Known> {
        let known = |size: &u64| Known { file: "x".into(), sha256: Digest::of(b""), size: *size };
        sizes.iter().map(known).collect()
    }

    fn numbers(sizes: &[u64], room: Room) -> Vec<usize> {
        let parcels = Parcel::of(files(sizes), room).into_iter();
        parcels.map(|parcel| if let Parcel::Many(files) = parcel { files.len() } else { 1 }).collect()
    }

    #[test]
    fn small_files_go_together_and_large_ones_alone() {
        let usual = |sizes: &[u64]| numbers(sizes, Room::USUAL);
        assert_eq!(usual(&[]), [] as [usize; 0]);
        assert_eq!(usual(&[1]), [1]);
        assert_eq!(usual(&[1; 862]), [862]);
        assert_eq!(usual(&[1; 4_001]), [2_000, 2_000, 1]);
        assert_eq!(usual(&[1, Room::USUAL.bytes, 1]), [1, 2]);
        assert_eq!(usual(&[Room::USUAL.bytes - 3 * BLOCK - END, 1, 1]), [2, 1]);
    }

    #[test]
    fn no_request_is_more_than_the_server_takes() {
        assert_eq!(Room::of(10_000, u64::MAX), Room::USUAL);
        assert_eq!(numbers(&[1; 5], Room::of(2, u64::MAX)), [2, 2, 1]);
        assert_eq!(numbers(&[1; 3], Room::of(0, u64::MAX)), [1, 1, 1]);
        assert_eq!(numbers(&[1; 3], Room::of(usize::MAX, 4 * BLOCK + END)), [2, 1]);
        assert_eq!(numbers(&[1; 2], Room::of(usize::MAX, BLOCK)), [1, 1]);
    }

    #[test]
    fn an_archive_is_as_large_as_was_reckoned() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("x");
        std::fs::write(&place, [7; 513]).unwrap();
        let known = Known { file: place, sha256: Digest::of(b"x"), size: 513 };
        let reckoned = 2 * in_tar(&known) + END;
        let (sender, mut pieces) = mpsc::channel(WAITING);
        pack(&[known.clone(), known], Outgoing { pieces: sender, pending: Vec::new() }).unwrap();
        let mut sent = 0;
        while let Some(piece) = pieces.blocking_recv() {
            sent += piece.unwrap().len() as u64;
        }
        assert_eq!(sent, reckoned);
    }
}
