//! What a node has, and what containers take of it.

use serde::{Deserialize, Serialize};

/// CPU and memory.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capacity {
    /// Thousandths of a CPU core.
    pub cpu_milli: u64,
    /// Memory, MiB.
    pub memory_mib: u64,
}

impl Capacity {
    /// More than there is anywhere.
    pub const MAX: Self = Self { cpu_milli: u64::MAX, memory_mib: u64::MAX };

    /// Both together.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self {
            cpu_milli: self.cpu_milli.saturating_add(other.cpu_milli),
            memory_mib: self.memory_mib.saturating_add(other.memory_mib),
        }
    }

    /// What is left of it.
    #[must_use]
    pub const fn minus(self, other: Self) -> Self {
        Self {
            cpu_milli: self.cpu_milli.saturating_sub(other.cpu_milli),
            memory_mib: self.memory_mib.saturating_sub(other.memory_mib),
        }
    }

    /// The lesser of each.
    #[must_use]
    pub fn min(self, other: Self) -> Self {
        Self {
            cpu_milli: self.cpu_milli.min(other.cpu_milli),
            memory_mib: self.memory_mib.min(other.memory_mib),
        }
    }

    /// True when `room` has as much.
    #[must_use]
    pub const fn fits(self, room: Self) -> bool {
        self.cpu_milli <= room.cpu_milli && self.memory_mib <= room.memory_mib
    }

    /// How much of `whole` it is, thousandths of the scarcer of both.
    #[must_use]
    pub fn share_of(self, whole: Self) -> u64 {
        let share = |part: u64, whole: u64| part.saturating_mul(1000) / whole.max(1);
        share(self.cpu_milli, whole.cpu_milli).max(share(self.memory_mib, whole.memory_mib))
    }
}
