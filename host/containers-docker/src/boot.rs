//! Commands that are started ahead of their calls.

use std::sync::Arc;

use simulay_containers::Admitted;
use simulay_init::frames::{BootSpec, JOB_PREFIX};

use crate::spec::{self, Place};

/// Of a command that is remembered, arguments and variables together, bytes.
const MOST_BYTES: usize = 4 << 10;

/// The command of `call` as it can be started before the call is there; none when it is too long to be remembered.
pub(crate) fn of(call: &Admitted, place: Place) -> Option<Arc<BootSpec>> {
    let mut env = spec::environment(call, place);
    env.retain(|(name, _)| !name.starts_with(JOB_PREFIX));
    let command = call.command().to_vec();
    let variables = env.iter().map(|(name, value)| name.len() + value.len());
    let bytes: usize = command.iter().map(String::len).chain(variables).sum();
    (bytes <= MOST_BYTES).then(|| Arc::new(BootSpec { command, env }))
}
