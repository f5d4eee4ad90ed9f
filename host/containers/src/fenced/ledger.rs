//! Who holds which run, as far as it has containers here.

use std::collections::HashMap;
use std::sync::Arc;

use simulay_model::{ContainerName, RunId};
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use crate::ContainerError;

/// The runs that have containers here.
#[derive(Default)]
pub(super) struct Ledger {
    runs: HashMap<RunId, Held>,
    /// The number of the newest attachment.
    newest: u64,
}

/// One run: its newest fence, and its containers.
struct Held {
    fence: u64,
    containers: HashMap<ContainerName, Newest>,
}

/// Who came last to a container.
#[derive(Default)]
struct Newest {
    attachment: Option<Attachment>,
    turn: Arc<Mutex<()>>,
    removal: Arc<Mutex<()>>,
}

/// One who came to a container.
#[derive(Clone)]
pub(super) struct Attachment {
    number: u64,
    /// Cancelled once someone newer came.
    pub(super) superseded: CancellationToken,
    /// Held by the one who is attached.
    pub(super) turn: Arc<Mutex<()>>,
    /// Held by who removes the container.
    pub(super) removal: Arc<Mutex<()>>,
}

impl Ledger {
    /// Someone comes to the container `name` under a lease with `fence`.
    pub(super) fn attach(&mut self, name: ContainerName, fence: u64) -> Result<Attachment, ContainerError> {
        self.newest += 1;
        let number = self.newest;
        let newest = self.newest_of(name, Some(fence))?;
        let (turn, removal) = (newest.turn.clone(), newest.removal.clone());
        let attachment = Attachment { number, superseded: CancellationToken::new(), turn, removal };
        if let Some(older) = newest.attachment.replace(attachment.clone()) {
            older.superseded.cancel();
        }
        Ok(attachment)
    }

    /// Whoever was attached as `attachment` is so no more.
    pub(super) fn detach(&mut self, name: ContainerName, attachment: &Attachment) {
        let of_run = self.runs.get_mut(&name.run);
        if let Some(newest) = of_run.and_then(|held| held.containers.get_mut(&name)) {
            newest.attachment.take_if(|latest| latest.number == attachment.number);
        }
    }

    /// Someone is to remove the container `name`: what is held while that is done.
    pub(super) fn removal(
        &mut self,
        name: ContainerName,
        fence: Option<u64>,
    ) -> Result<Arc<Mutex<()>>, ContainerError> {
        Ok(self.newest_of(name, fence)?.removal.clone())
    }

    /// What is known of the container, for who comes with `fence`, or goes by the store.
    fn newest_of(&mut self, name: ContainerName, fence: Option<u64>) -> Result<&mut Newest, ContainerError> {
        let unknown = || Held { fence: fence.unwrap_or_default(), containers: HashMap::new() };
        let held = self.runs.entry(name.run).or_insert_with(unknown);
        fence.map_or(Ok(()), |fence| held.raise(fence))?;
        Ok(held.containers.entry(name).or_default())
    }

    /// Refuses a fence that is older than what is known of the run.
    pub(super) fn check(&mut self, run: RunId, fence: u64) -> Result<(), ContainerError> {
        self.runs.get_mut(&run).map_or(Ok(()), |held| held.raise(fence))
    }

    /// The container is there no more.
    pub(super) fn forget(&mut self, name: ContainerName) {
        self.keep(|known, newest| known != name || newest.is_attended());
    }

    /// No containers are there but `present`.
    pub(super) fn keep_only(&mut self, present: &[ContainerName]) {
        self.keep(|known, newest| newest.is_attended() || present.contains(&known));
    }

    fn keep(&mut self, stays: impl Fn(ContainerName, &Newest) -> bool) {
        self.runs.retain(|_, held| {
            held.containers.retain(|name, newest| stays(*name, newest));
            !held.containers.is_empty()
        });
    }
}

impl Newest {
    /// True while someone is attached to it, or removes it.
    fn is_attended(&self) -> bool {
        self.attachment.is_some() || Arc::strong_count(&self.removal) > 1
    }
}

impl Held {
    fn raise(&mut self, fence: u64) -> Result<(), ContainerError> {
        if fence < self.fence {
            return Err(ContainerError::Fenced);
        }
        self.fence = fence;
        Ok(())
    }
}
