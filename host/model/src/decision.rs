//! What a state machine decides.

/// What follows from a change.
#[derive(Debug, Clone, PartialEq)]
pub enum Decision<E> {
    /// To be stored, all or nothing.
    Commit(Box<E>),
    /// The same is stored already.
    Unchanged,
}
