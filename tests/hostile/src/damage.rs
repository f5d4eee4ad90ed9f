//! Random damage to good bytes, the same for the same seed.

use fastrand::Rng;

use crate::sections::{self, Section};

/// A number of five bytes, the most that fits 32 bits, and one that goes on for ever.
const NUMBERS: [&[u8]; 3] = [&[0xff, 0xff, 0xff, 0xff, 0x0f], &[0x80, 0x80, 0x00], &[0xff; 12]];
/// How deep sections inside sections are damaged.
const DEPTH: u8 = 3;

/// Makes damaged copies.
#[derive(Debug, Clone)]
pub struct Damage(Rng);

impl Damage {
    /// Damage that follows from `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(Rng::with_seed(seed))
    }

    /// A copy of `good` with one to three places damaged. Where it is made of sections, half of the damage
    /// is to those, and their lengths are put right again, so that it is met behind the first check.
    pub fn damaged(&mut self, good: &[u8]) -> Vec<u8> {
        let mut bytes = good.to_vec();
        for _ in 0..self.0.u8(1..=3) {
            match sections::split(&bytes) {
                Some((header, parts)) if self.0.bool() => bytes = self.within(&header, parts, DEPTH),
                _ => self.bytes(&mut bytes),
            }
        }
        bytes
    }

    /// Damages bytes whatever they mean.
    fn bytes(&mut self, bytes: &mut Vec<u8>) {
        let Self(rng) = self;
        if bytes.is_empty() {
            return;
        }
        let at = rng.usize(..bytes.len());
        let end = (at + rng.usize(1..64)).min(bytes.len());
        match rng.u8(..10) {
            0..=2 => bytes[at] ^= 1 << rng.u8(..8),
            3 => bytes[at] = rng.u8(..),
            4 => drop(bytes.drain(at..end)),
            5 => bytes.insert(at, rng.u8(..)),
            6 => drop(bytes.splice(at..=at, NUMBERS[rng.usize(..NUMBERS.len())].iter().copied())),
            7 => {
                let other = rng.usize(..bytes.len());
                bytes.swap(at, other);
            }
            8 => {
                let again = bytes[at..end].to_vec();
                bytes.splice(at..at, again);
            }
            _ => bytes.truncate(at.max(1)),
        }
    }

    /// Damages sections: as a whole, or what is in one.
    fn within(&mut self, header: &[u8], mut parts: Vec<Section>, depth: u8) -> Vec<u8> {
        let at = self.0.usize(..parts.len());
        match self.0.u8(..8) {
            0 => drop(parts.remove(at)),
            1 => parts.insert(at, parts[at].clone()),
            2 => {
                let moved = parts.remove(at);
                parts.insert(self.0.usize(..=parts.len()), moved);
            }
            3 => parts[at].id = self.0.u8(..16),
            4 => {
                let end = self.0.usize(..=parts[at].content.len());
                parts[at].content.truncate(end);
            }
            _ => self.inside(&mut parts[at], depth),
        }
        sections::join(header, &parts)
    }

    fn inside(&mut self, part: &mut Section, depth: u8) {
        match sections::split(&part.content) {
            Some((header, parts)) if depth > 0 => part.content = self.within(&header, parts, depth - 1),
            _ => self.bytes(&mut part.content),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guest::Guest;

    #[test]
    fn the_same_seed_does_the_same_damage_and_most_of_it_is_some() {
        let good = Guest::default().build();
        let copies = |seed| {
            let mut damage = Damage::new(seed);
            (0..200).map(|_| damage.damaged(&good)).collect::<Vec<_>>()
        };
        assert_eq!(copies(1), copies(1));
        assert_ne!(copies(1), copies(2));
        assert!(copies(1).iter().filter(|copy| **copy != good).count() > 190);
    }
}
