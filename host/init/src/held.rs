//! What is kept of a stream until the host has it: the first part and the last.

use std::collections::VecDeque;

use simulay_init::frames::MAX_DATA;

/// A growing byte string of which the middle may be missing.
#[derive(Default)]
pub(crate) struct Held {
    /// The first bytes, in pieces of [`MAX_DATA`], so that growing never copies.
    head: Vec<Vec<u8>>,
    /// The last bytes, behind the head or behind a gap.
    tail: VecDeque<u8>,
    total: u64,
    /// No more comes: the last part stays as it is.
    closed: bool,
}

/// Bytes and their place in the stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Piece<'a> {
    pub(crate) offset: u64,
    pub(crate) bytes: &'a [u8],
}

impl Held {
    /// Bytes that came, kept or not.
    pub(crate) const fn total(&self) -> u64 {
        self.total
    }

    /// Keeps `bytes` behind the others: of all that comes the first half of `limit`, and the last.
    pub(crate) fn push(&mut self, bytes: &[u8], limit: usize) {
        self.total += bytes.len() as u64;
        let first = limit.div_ceil(2);
        let (head, tail) = bytes.split_at(bytes.len().min(first.saturating_sub(self.head_len())));
        self.push_first(head);
        self.push_last(tail, limit - first);
    }

    /// No more comes.
    pub(crate) const fn close(&mut self) {
        self.closed = true;
    }

    /// The next bytes from `offset` on; behind the gap, when it lies there. The last part is given once it
    /// changes no more.
    pub(crate) fn from(&self, offset: u64) -> Option<Piece<'_>> {
        let place = usize::try_from(offset).unwrap_or(usize::MAX);
        if place < self.head_len() {
            let piece = self.head.get(place / MAX_DATA)?;
            return piece.get(place % MAX_DATA..).map(|bytes| Piece { offset, bytes });
        }
        if !self.closed {
            return None;
        }
        let told_less = offset < self.total;
        let begin = self.total - self.tail.len() as u64;
        let offset = offset.max(begin);
        // Where no last part is kept, the end of the gap is told.
        if offset >= self.total {
            return told_less.then_some(Piece { offset: self.total, bytes: &[] });
        }
        Some(Piece { offset, bytes: self.last_from(usize::try_from(offset - begin).ok()?) })
    }

    fn head_len(&self) -> usize {
        let full = self.head.len().saturating_sub(1) * MAX_DATA;
        full + self.head.last().map_or(0, Vec::len)
    }

    fn push_first(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let piece = self.open_piece();
            let (now, later) = bytes.split_at(bytes.len().min(MAX_DATA - piece.len()));
            piece.extend_from_slice(now);
            bytes = later;
        }
    }

    fn push_last(&mut self, bytes: &[u8], limit: usize) {
        if bytes.is_empty() {
            return;
        }
        // At once and in full: doubling would take twice the memory that there is for it.
        self.tail.reserve_exact((limit + MAX_DATA).saturating_sub(self.tail.len()));
        for part in bytes.chunks(MAX_DATA) {
            self.tail.extend(part);
            self.tail.drain(..self.tail.len().saturating_sub(limit));
        }
    }

    fn last_from(&self, place: usize) -> &[u8] {
        let (one, other) = self.tail.as_slices();
        let rest = one.get(place..).filter(|rest| !rest.is_empty());
        let rest = rest.or_else(|| other.get(place.saturating_sub(one.len())..)).unwrap_or_default();
        rest.get(..MAX_DATA).unwrap_or(rest)
    }

    fn open_piece(&mut self) -> &mut Vec<u8> {
        if self.head.last().is_none_or(|piece| piece.len() >= MAX_DATA) {
            self.head.push(Vec::with_capacity(MAX_DATA));
        }
        let last = self.head.len() - 1;
        #[expect(clippy::indexing_slicing, reason = "there is a piece: it was just pushed if there was none")]
        &mut self.head[last]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AMPLE: usize = 64 * MAX_DATA;

    /// All that is told, and how much is missing in the middle.
    fn all(held: &Held) -> (Vec<u8>, u64) {
        let (mut bytes, mut offset, mut missing) = (Vec::new(), 0, 0);
        while let Some(piece) = held.from(offset) {
            assert!(piece.bytes.len() <= MAX_DATA && piece.offset + piece.bytes.len() as u64 > offset);
            missing += piece.offset - offset;
            bytes.extend_from_slice(piece.bytes);
            offset = piece.offset + piece.bytes.len() as u64;
        }
        (bytes, missing)
    }

    fn pushed(bytes: &[u8], size: usize, limit: usize) -> Held {
        let mut held = Held::default();
        bytes.chunks(size).for_each(|chunk| held.push(chunk, limit));
        held.close();
        held
    }

    #[test]
    fn what_is_pushed_in_any_pieces_comes_back() {
        let bytes: Vec<u8> = (0..3 * MAX_DATA + 7).map(|n| (n % 251) as u8).collect();
        for limit in [AMPLE, bytes.len(), bytes.len() + 1] {
            for size in [1, 1000, MAX_DATA - 1, MAX_DATA, MAX_DATA + 1, bytes.len()] {
                let held = pushed(&bytes, size, limit);
                assert_eq!(held.total(), bytes.len() as u64);
                assert!(all(&held) == (bytes.clone(), 0), "in pieces of {size}, at most {limit}");
            }
        }
    }

    #[test]
    fn the_first_and_the_last_part_stay_to_the_byte() {
        let bytes: Vec<u8> = (0..5 * MAX_DATA + 3).map(|n| (n % 241) as u8).collect();
        for limit in [0, 1, 7, 2 * MAX_DATA + 1, bytes.len() - 1] {
            for size in [1, 999, MAX_DATA, bytes.len()] {
                let (first, last) = (limit.div_ceil(2), limit / 2);
                let kept = [&bytes[..first], &bytes[bytes.len() - last..]].concat();
                let (told, missing) = all(&pushed(&bytes, size, limit));
                assert!(told == kept, "in pieces of {size}, at most {limit}");
                assert_eq!(missing, (bytes.len() - limit) as u64);
            }
        }
    }

    #[test]
    fn the_last_part_is_told_when_it_changes_no_more() {
        let mut held = Held::default();
        held.push(b"abcd", 4);
        assert_eq!(held.from(0).unwrap().bytes, b"ab");
        assert_eq!(held.from(2), None);
        held.push(b"e", 4);
        held.close();
        assert_eq!(held.from(2), Some(Piece { offset: 3, bytes: b"de" }));
    }

    #[test]
    fn nothing_is_found_past_the_end() {
        let mut held = Held::default();
        assert_eq!(held.from(0), None);
        held.push(&vec![1; MAX_DATA], AMPLE);
        held.close();
        assert_eq!(held.from(MAX_DATA as u64), None);
        assert_eq!(held.from(u64::MAX), None);
        assert_eq!(held.from(MAX_DATA as u64 - 1).unwrap().bytes, [1]);
    }
}
