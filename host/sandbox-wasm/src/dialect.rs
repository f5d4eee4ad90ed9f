//! What a version of the contract says otherwise than the latest.

use wasmtime::component::{Lift, Lower};

use crate::bindings::exports::simulay::plugin::pipeline as wit;
use crate::bindings::simulay::plugin::types;

/// The shapes in which a version of the contract says what the latest says otherwise.
pub(crate) trait Dialect {
    /// A step.
    type Step: Lift + Into<wit::Step> + 'static;
    /// What follows a step.
    type Next: Lift + Into<wit::Next> + 'static;
    /// What came of a container call.
    type Result: Lower + From<types::ContainerResult>;
}

/// The shapes of the latest.
pub(crate) struct Latest;

impl Dialect for Latest {
    type Step = wit::Step;
    type Next = wit::Next;
    type Result = types::ContainerResult;
}
