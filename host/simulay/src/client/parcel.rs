//! Files on their way to a server, many in one request.

use std::fs::File;
use std::io::{self, Read as _, Write};

use bytes::Bytes;
use futures_util::stream;
use tar::{Builder, Header};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::inputs::{Known, unreadable};

/// Files in one request.
const FILES: usize = 2_000;
/// Bytes in one request of many files; a larger file goes alone.
const BYTES: u64 = 256 << 20;
/// Bytes on their way at a time.
const PIECE: usize = 64 * 1024;
const WAITING: usize = 4;

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
    pub(super) fn of(files: Vec<Known>) -> Vec<Self> {
        let (large, small): (Vec<_>, Vec<_>) = files.into_iter().partition(|file| file.size > BYTES);
        let mut parcels: Vec<Self> = large.into_iter().map(Self::One).collect();
        let (mut parcel, mut bytes) = (Vec::new(), 0);
        for file in small {
            if parcel.len() == FILES || bytes + file.size > BYTES {
                parcels.extend(Self::whole(std::mem::take(&mut parcel)));
                bytes = 0;
            }
            bytes += file.size;
            parcel.push(file);
        }
        parcels.extend(Self::whole(parcel));
        parcels
    }

    fn whole(mut files: Vec<Known>) -> Option<Self> {
        if files.len() > 1 { Some(Self::Many(files)) } else { files.pop().map(Self::One) }
    }
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

    fn numbers(sizes: &[u64]) -> Vec<usize> {
        let parcels = Parcel::of(files(sizes)).into_iter();
        parcels.map(|parcel| if let Parcel::Many(files) = parcel { files.len() } else { 1 }).collect()
    }

    #[test]
    fn small_files_go_together_and_large_ones_alone() {
        assert_eq!(numbers(&[]), [] as [usize; 0]);
        assert_eq!(numbers(&[1]), [1]);
        assert_eq!(numbers(&[1; 862]), [862]);
        assert_eq!(numbers(&[1; 4_001]), [2_000, 2_000, 1]);
        assert_eq!(numbers(&[1, BYTES + 1, 1]), [1, 2]);
        assert_eq!(numbers(&[BYTES - 1, 1, 1]), [2, 1]);
    }
}
