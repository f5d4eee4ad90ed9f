//! Upper bounds of one container.

use serde::{Deserialize, Serialize};

/// What one container may use at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resources {
    /// Thousandths of a CPU core.
    pub cpu_milli: u32,
    /// Memory of the command, MiB; scratch space comes on top.
    pub memory_mib: u32,
    /// Writable space under the working directory, MiB.
    pub scratch_mib: u32,
    /// Wall time of the command, milliseconds; waiting for a place does not count.
    pub timeout_ms: u64,
}

impl Resources {
    /// The name of the first bound of `self` that is over the same bound of `limit`, with both values.
    #[must_use]
    pub fn exceeds(&self, limit: &Self) -> Option<(&'static str, u64, u64)> {
        let pairs = self.bounds().into_iter().zip(limit.bounds());
        let mut values = pairs.map(|((name, asked), (_, allowed))| (name, asked, allowed));
        values.find(|(_, asked, allowed)| asked > allowed)
    }

    /// Every bound with its name.
    #[must_use]
    pub fn bounds(&self) -> [(&'static str, u64); 4] {
        [
            ("cpu_milli", self.cpu_milli.into()),
            ("memory_mib", self.memory_mib.into()),
            ("scratch_mib", self.scratch_mib.into()),
            ("timeout_ms", self.timeout_ms),
        ]
    }

    /// The lower of each bound.
    #[must_use]
    pub fn min(&self, other: &Self) -> Self {
        Self {
            cpu_milli: self.cpu_milli.min(other.cpu_milli),
            memory_mib: self.memory_mib.min(other.memory_mib),
            scratch_mib: self.scratch_mib.min(other.scratch_mib),
            timeout_ms: self.timeout_ms.min(other.timeout_ms),
        }
    }

    /// The name of the first bound that is zero.
    #[must_use]
    pub const fn zero(&self) -> Option<&'static str> {
        match self {
            Self { cpu_milli: 0, .. } => Some("cpu_milli"),
            Self { memory_mib: 0, .. } => Some("memory_mib"),
            Self { scratch_mib: 0, .. } => Some("scratch_mib"),
            Self { timeout_ms: 0, .. } => Some("timeout_ms"),
            _ => None,
        }
    }
}
