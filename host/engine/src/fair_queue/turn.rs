//! What is told that its turn has come.

use tokio::sync::oneshot;

use super::Permit;

/// What waits in a [`super::FairQueue`]. It is asked and told while the queue is locked.
pub(crate) trait Turn: Send {
    /// True when nobody waits for the turn any more.
    fn is_unwanted(&self) -> bool;

    /// Takes the permit. Gives it back when nobody waits for it any more.
    fn grant(self: Box<Self>, permit: Permit) -> Result<(), Permit>;
}

/// Of someone who waits as long as he has the receiver.
impl Turn for oneshot::Sender<Permit> {
    fn is_unwanted(&self) -> bool {
        self.is_closed()
    }

    fn grant(self: Box<Self>, permit: Permit) -> Result<(), Permit> {
        self.send(permit)
    }
}
