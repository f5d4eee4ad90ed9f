//! The place of a call on a node.

use std::sync::Arc;

use simulay_model::ContainerName;

use super::board::Board;
use crate::Containers;

/// The place of a call on a node. It stays until the container is removed, or was never there.
pub(super) struct Seat {
    pub(super) board: Arc<Board>,
    pub(super) name: ContainerName,
    pub(super) address: String,
    pub(super) node: Arc<dyn Containers>,
    /// There may be a container.
    pub(super) taken: bool,
}

impl Seat {
    /// The node, which is asked for the container from now on.
    pub(super) fn take(&mut self) -> &dyn Containers {
        self.taken = true;
        &*self.node
    }

    /// No container of the call is left there.
    pub(super) fn end(mut self) {
        self.taken = false;
    }

    /// The node took no call, and started nothing: it gets none before it told how it is.
    pub(super) fn refuse(mut self) {
        self.board.refuse(&self.address);
        self.taken = false;
    }

    /// The node has the image no more, and started nothing.
    pub(super) fn lacks_image(mut self, image: &str) {
        self.board.lacks(&self.address, image);
        self.taken = false;
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        if self.taken { self.board.leave(self.name) } else { self.board.forget(self.name) }
    }
}
