//! Pieces that come, as a thread reads them.

use std::io::{self, Read};

use bytes::{Buf as _, Bytes};
use tokio::sync::mpsc;

/// The bytes of the pieces, one after another; ends when nobody sends any more.
pub(super) struct Incoming {
    piece: Bytes,
    waiting: mpsc::Receiver<Bytes>,
}

impl Incoming {
    /// `first`, and what comes after it.
    pub(super) const fn new(first: Bytes, waiting: mpsc::Receiver<Bytes>) -> Self {
        Self { piece: first, waiting }
    }
}

impl Read for Incoming {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.piece.is_empty() {
            match self.waiting.blocking_recv() {
                Some(piece) => self.piece = piece,
                None => return Ok(0),
            }
        }
        let length = self.piece.len().min(buffer.len());
        if let Some(place) = buffer.get_mut(..length) {
            self.piece.copy_to_slice(place);
        }
        Ok(length)
    }
}
