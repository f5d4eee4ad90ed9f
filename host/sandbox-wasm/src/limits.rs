//! Memory of one instance, counted over all its memories and tables.

use wasmtime::{ResourceLimiter, Result};

use crate::termination::Termination;

const MAX_INSTANCES: usize = 64;
const MAX_TABLES: usize = 32;
const MAX_MEMORIES: usize = 8;

/// What may still be had.
pub(crate) struct Memory {
    bytes_left: usize,
    elements_left: usize,
}

impl Memory {
    /// `bytes` of linear memory, `elements` of tables.
    pub(crate) const fn new(bytes: usize, elements: usize) -> Self {
        Self { bytes_left: bytes, elements_left: elements }
    }
}

impl ResourceLimiter for Memory {
    fn memory_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> Result<bool> {
        grow(&mut self.bytes_left, current, desired, maximum)
    }

    fn table_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> Result<bool> {
        grow(&mut self.elements_left, current, desired, maximum)
    }

    fn instances(&self) -> usize {
        MAX_INSTANCES
    }

    fn tables(&self) -> usize {
        MAX_TABLES
    }

    fn memories(&self) -> usize {
        MAX_MEMORIES
    }
}

/// Growth past the guest's own maximum is refused as WebAssembly says; growth past ours ends the call.
fn grow(left: &mut usize, current: usize, desired: usize, maximum: Option<usize>) -> Result<bool> {
    if maximum.is_some_and(|maximum| desired > maximum) {
        return Ok(false);
    }
    *left = left.checked_sub(desired.saturating_sub(current)).ok_or(Termination::Memory)?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_memories_draw_on_one_sum() {
        let mut memory = Memory::new(100, 10);
        assert!(memory.memory_growing(0, 60, None).unwrap());
        assert!(memory.memory_growing(0, 40, None).unwrap());
        let error = memory.memory_growing(40, 41, None).unwrap_err();
        assert_eq!(error.downcast_ref(), Some(&Termination::Memory));
        assert!(!memory.table_growing(0, 5, Some(4)).unwrap());
        assert!(memory.table_growing(0, 10, None).unwrap());
    }
}
