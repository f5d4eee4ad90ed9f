//! What containers have to be alike in for one to take the place of another.

use std::sync::Arc;

use simulay_containers::{Admitted, ImageId};
use simulay_init::frames::{BootSpec, JOB_PREFIX};

use crate::spec::{self, Place};

/// Of a command that is remembered, arguments and variables together, bytes.
const MOST_BYTES: usize = 4 << 10;

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

/// The command of `call` as it can be started before the call is there; none when it is too long to be remembered.
pub(crate) fn boot(call: &Admitted, place: Place) -> Option<Arc<BootSpec>> {
    let mut env = spec::environment(call, place);
    env.retain(|(name, _)| !name.starts_with(JOB_PREFIX));
    let command = call.command().to_vec();
    let variables = env.iter().map(|(name, value)| name.len() + value.len());
    let bytes: usize = command.iter().map(String::len).chain(variables).sum();
    (bytes <= MOST_BYTES).then(|| Arc::new(BootSpec { command, env }))
}
