//! What a stream said, in pieces that those who follow share.

use bytes::Bytes;

/// Bytes of a piece of a log. Those who follow share pieces that are whole.
pub(super) const PIECE: usize = 64 << 10;

/// The bytes of a log: whole pieces, and the one that grows.
#[derive(Default)]
pub(super) struct Pieces {
    whole: Vec<Bytes>,
    growing: Vec<u8>,
}

impl Pieces {
    pub(super) const fn length(&self) -> usize {
        self.whole.len() * PIECE + self.growing.len()
    }

    pub(super) fn truncate(&mut self, length: usize) {
        let (piece, rest) = (length / PIECE, length % PIECE);
        if let Some(cut) = self.whole.get(piece) {
            self.growing = cut.to_vec();
        }
        if piece <= self.whole.len() {
            self.whole.truncate(piece);
            self.growing.truncate(rest);
        }
    }

    pub(super) fn extend(&mut self, mut new: &[u8]) {
        while let Some((taken, rest)) = new.split_at_checked(PIECE - self.growing.len()) {
            self.growing.extend_from_slice(taken);
            self.whole.push(std::mem::take(&mut self.growing).into());
            new = rest;
        }
        self.growing.extend_from_slice(new);
    }

    /// Bytes from `position` on, at most to the end of a piece.
    pub(super) fn after(&self, position: usize) -> Bytes {
        let (piece, skipped) = (position / PIECE, position % PIECE);
        match self.whole.get(piece) {
            Some(whole) => whole.slice(skipped..),
            None if piece == self.whole.len() => {
                Bytes::copy_from_slice(self.growing.get(skipped..).unwrap_or_default())
            }
            None => Bytes::new(),
        }
    }

    /// The last bytes, at most a piece.
    pub(super) fn last(&self) -> Bytes {
        let mut last = self.whole.last().map(|piece| piece.to_vec()).unwrap_or_default();
        last.extend_from_slice(&self.growing);
        last.split_off(last.len().saturating_sub(PIECE)).into()
    }

    pub(super) fn all(&self) -> Vec<u8> {
        let mut all = Vec::with_capacity(self.length());
        self.whole.iter().for_each(|piece| all.extend_from_slice(piece));
        all.extend_from_slice(&self.growing);
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_cut_anywhere() {
        let all = 2 * PIECE + 5;
        for length in [0, 1, PIECE - 1, PIECE, PIECE + 1, 2 * PIECE, all, 9 * PIECE] {
            let mut pieces = Pieces::default();
            pieces.extend(&vec![1; all]);
            pieces.truncate(length);
            assert_eq!((pieces.length(), pieces.all().len()), (length.min(all), length.min(all)));
            pieces.extend(b"xyz");
            assert!(pieces.all().ends_with(b"xyz") && pieces.last().ends_with(b"xyz"));
        }
    }
}
