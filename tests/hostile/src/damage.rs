//! Random damage to good bytes, the same for the same seed.

/// Makes damaged copies.
#[derive(Debug, Clone)]
pub struct Damage(u64);

impl Damage {
    /// Damage that follows from `seed`.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        // Xorshift stands still at zero.
        Self(seed | 1)
    }

    /// A copy of `good` with one to three places damaged.
    pub fn damaged(&mut self, good: &[u8]) -> Vec<u8> {
        let mut bytes = good.to_vec();
        for _ in 0..=self.below(3) {
            self.damage(&mut bytes);
        }
        bytes
    }

    fn damage(&mut self, bytes: &mut Vec<u8>) {
        let at = self.below(bytes.len());
        match self.below(6) {
            0 | 1 => bytes[at] ^= 1 << self.below(8),
            2 => bytes[at] = self.byte(),
            3 => drop(bytes.drain(at..(at + 1 + self.below(8)).min(bytes.len()))),
            4 => bytes.insert(at, self.byte()),
            _ => bytes.truncate(at.max(1)),
        }
    }

    fn byte(&mut self) -> u8 {
        u8::try_from(self.below(256)).unwrap()
    }

    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(limit.max(1)).unwrap()).unwrap()
    }
}
