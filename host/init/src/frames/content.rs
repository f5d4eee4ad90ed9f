//! Bytes of files, which go behind their frame as they are: to make frames of them takes longer than to carry them.

use memchr::memmem;
use serde::{Deserialize, Serialize};

/// The most bytes of one piece.
const MAX_PIECE: usize = 64 * 1024;
/// No piece has this in itself: who waits for the rest of one that was cut off finds the next session by it.
pub(super) const MARK: &[u8] = b"Simulay\xd6\x1f\xa9\x83\x5e\xc4\xb7";
/// What goes before a greeting and before its answer: the mark twice, since a piece that lacks a few bytes takes those of
/// the first.
pub const SYNC: &[u8] = b"\0Simulay\xd6\x1f\xa9\x83\x5e\xc4\xb7\0\0Simulay\xd6\x1f\xa9\x83\x5e\xc4\xb7\0";

/// A piece of a file. Its frame tells what follows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Content {
    size: u32,
    crc32: u32,
    #[serde(skip)]
    bytes: Vec<u8>,
}

/// A message that may bring a piece of a file.
pub trait Message {
    /// The piece, when it is one that does.
    fn content(&self) -> Option<&Content>;
    /// The same, for its bytes to be added.
    fn content_mut(&mut self) -> Option<&mut Content>;
}

/// How far a piece is after some bytes; with those that are not of it.
pub(super) enum Filled<'a> {
    Partly,
    Whole(&'a [u8]),
    /// They were changed on the way, or another session began in the middle of them.
    Damaged(&'a [u8]),
}

impl Content {
    /// The piece of these bytes.
    #[must_use]
    pub fn of(bytes: Vec<u8>) -> Self {
        let announced = Self::announcing(&bytes);
        Self { bytes, ..announced }
    }

    /// Tells of a piece whose bytes the caller writes behind its frame.
    #[must_use]
    pub fn announcing(bytes: &[u8]) -> Self {
        let size = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        Self { size, crc32: crc32fast::hash(bytes), bytes: Vec::new() }
    }

    /// The bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The bytes.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// Whether a piece may have as many bytes as its frame tells.
    pub(super) fn is_bounded(&self) -> bool {
        (1..=MAX_PIECE).contains(&(self.size as usize))
    }

    /// Adds bytes up to the end of the piece.
    pub(super) fn fill<'a>(&mut self, bytes: &'a [u8]) -> Filled<'a> {
        let had = self.bytes.len();
        let (own, rest) = bytes.split_at(bytes.len().min(self.size as usize - had));
        self.bytes.reserve_exact(self.size as usize - had);
        self.bytes.extend_from_slice(own);
        // It may have begun in the bytes before.
        let from = had.saturating_sub(MARK.len() - 1);
        if let Some(at) = self.bytes.get(from..).and_then(|bytes| memmem::find(bytes, MARK)) {
            return Filled::Damaged(bytes.get(from + at + MARK.len() - had..).unwrap_or_default());
        }
        if self.bytes.len() < self.size as usize {
            Filled::Partly
        } else if crc32fast::hash(&self.bytes) == self.crc32 {
            Filled::Whole(rest)
        } else {
            Filled::Damaged(rest)
        }
    }
}

/// Bytes as pieces that may go behind a frame.
pub fn pieces(mut bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let (piece, rest) = bytes.split_at(length(bytes));
        bytes = rest;
        (!piece.is_empty()).then_some(piece)
    })
}

/// Of the first piece of `bytes`, which ends within what it may not have.
fn length(bytes: &[u8]) -> usize {
    let most = bytes.get(..MAX_PIECE).unwrap_or(bytes);
    memmem::find(most, MARK).map_or(most.len(), |at| at + MARK.len() / 2)
}
