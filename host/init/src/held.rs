//! Bytes held until the host has them.

use simulay_init::frames::MAX_DATA;

/// A growing byte string in pieces of [`MAX_DATA`], so that growing never copies.
#[derive(Default)]
pub(crate) struct Held {
    pieces: Vec<Vec<u8>>,
}

impl Held {
    /// Bytes held.
    pub(crate) fn len(&self) -> u64 {
        let full = self.pieces.len().saturating_sub(1) * MAX_DATA;
        (full + self.pieces.last().map_or(0, Vec::len)) as u64
    }

    /// Keeps `bytes` behind the others.
    pub(crate) fn push(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let piece = self.open_piece();
            let (now, later) = bytes.split_at(bytes.len().min(MAX_DATA - piece.len()));
            piece.extend_from_slice(now);
            bytes = later;
        }
    }

    /// The bytes from `offset` to the end of their piece; none at the end.
    pub(crate) fn from(&self, offset: u64) -> &[u8] {
        let offset = usize::try_from(offset).unwrap_or(usize::MAX);
        let piece = self.pieces.get(offset / MAX_DATA).map_or(&[][..], Vec::as_slice);
        piece.get(offset % MAX_DATA..).unwrap_or_default()
    }

    fn open_piece(&mut self) -> &mut Vec<u8> {
        if self.pieces.last().is_none_or(|piece| piece.len() >= MAX_DATA) {
            self.pieces.push(Vec::with_capacity(MAX_DATA));
        }
        let last = self.pieces.len() - 1;
        #[expect(clippy::indexing_slicing, reason = "there is a piece: it was just pushed if there was none")]
        &mut self.pieces[last]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(held: &Held, step: impl Fn(usize) -> u64) -> Vec<u8> {
        let mut bytes = Vec::new();
        loop {
            let next = held.from(step(bytes.len()));
            if next.is_empty() {
                return bytes;
            }
            bytes.extend_from_slice(next);
        }
    }

    #[test]
    fn what_is_pushed_in_any_pieces_comes_back() {
        let bytes: Vec<u8> = (0..3 * MAX_DATA + 7).map(|n| (n % 251) as u8).collect();
        for size in [1, 1000, MAX_DATA - 1, MAX_DATA, MAX_DATA + 1, bytes.len()] {
            let mut held = Held::default();
            bytes.chunks(size).for_each(|chunk| held.push(chunk));
            assert_eq!(held.len(), bytes.len() as u64);
            assert!(all(&held, |told| told as u64) == bytes, "in pieces of {size}");
        }
    }

    #[test]
    fn nothing_is_found_past_the_end() {
        let mut held = Held::default();
        assert!(held.from(0).is_empty());
        held.push(&vec![1; MAX_DATA]);
        assert!(held.from(MAX_DATA as u64).is_empty());
        assert!(held.from(u64::MAX).is_empty());
        assert_eq!(held.from(MAX_DATA as u64 - 1), [1]);
    }
}
