//! Which container calls are admitted.

/// A call the policy admits; only the policy makes one.
#[derive(Debug, Clone)]
pub struct Admitted {}
