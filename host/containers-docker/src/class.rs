//! What containers have to be alike in for one to take the place of another.

use simulay_containers::{Admitted, ImageId};

/// All of a call that its container is made for: those of one class are alike until they are given a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Class {
    pub(crate) image: ImageId,
    /// Memory of the whole container, bytes.
    pub(crate) memory_bytes: u64,
    /// Room in the working directory, MiB.
    pub(crate) scratch_mib: u32,
    /// Thousandths of a CPU core; no more than the machine has.
    pub(crate) cpu_milli: u32,
}

impl Class {
    /// That of the container for `call` on a machine with so many CPUs.
    pub(crate) fn of(call: &Admitted, cpus: u32) -> Self {
        let resources = call.resources();
        Self {
            image: call.image(),
            memory_bytes: call.memory_bytes(),
            scratch_mib: resources.scratch_mib,
            cpu_milli: resources.cpu_milli.min(cpus.max(1).saturating_mul(1000)),
        }
    }
}
