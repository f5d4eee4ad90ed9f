//! Random damage to good bytes, the same for the same seed.

use fastrand::Rng;

/// Makes damaged copies.
#[derive(Debug, Clone)]
pub struct Damage(Rng);

impl Damage {
    /// Damage that follows from `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(Rng::with_seed(seed))
    }

    /// A copy of `good` with one to three places damaged.
    pub fn damaged(&mut self, good: &[u8]) -> Vec<u8> {
        let mut bytes = good.to_vec();
        for _ in 0..self.0.u8(1..=3) {
            self.damage(&mut bytes);
        }
        bytes
    }

    fn damage(&mut self, bytes: &mut Vec<u8>) {
        let Self(rng) = self;
        if bytes.is_empty() {
            return;
        }
        let at = rng.usize(..bytes.len());
        match rng.u8(..6) {
            0 | 1 => bytes[at] ^= 1 << rng.u8(..8),
            2 => bytes[at] = rng.u8(..),
            3 => drop(bytes.drain(at..(at + rng.usize(1..9)).min(bytes.len()))),
            4 => bytes.insert(at, rng.u8(..)),
            _ => bytes.truncate(at.max(1)),
        }
    }
}
