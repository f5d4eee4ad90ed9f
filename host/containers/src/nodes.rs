//! Many nodes as one: each call goes to the node that has its image and room for it.
//!
//! # Flow
//! Who watches a node ([`watch`]) asks it every second what it has, and writes that on the board ([`board`]). A
//! call waits there until [`choose`] finds a node for it, oldest first, and has a seat from then on until its
//! container is removed. A node that is full by the word of another runner says so itself, and the call
//! looks for another one; only a call that was surely not started does. What exists on which node is asked of
//! all ([`whereabouts`]).

mod board;
mod choice;
mod discovery;
mod seat;
mod watch;
mod whereabouts;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::join_all;
use simulay_model::ContainerName;
use tokio::time::Instant;
use tokio_util::sync::{CancellationToken, DropGuard};

pub use self::choice::{Candidate, Choice, Need, choose};
pub use self::discovery::{Discovered, Discovery, DiscoveryError};

use self::board::{Asking, Board};
use self::seat::Seat;
use self::whereabouts::Rolls;
use crate::{
    Admission, Begin, Capacity, Completed, ContainerError, Exchange, Execution, ExecutionRequest, Gate,
    Inventory, NodeStatus, RegisteredImage,
};

/// How long is waited for nodes.
#[derive(Debug, Clone, Copy)]
pub struct NodesSettings {
    /// Between two looks at a node.
    pub refresh: Duration,
    /// Between two looks at which nodes there are.
    pub discover: Duration,
    /// For a node to tell how it is.
    pub answer: Duration,
    /// For nodes that do not answer, before what they have counts as lost.
    pub absence: Duration,
    /// For room, before the call is given back with [`ContainerError::NoRoom`].
    pub room: Duration,
    /// From then on a call has the next room of one node before those that came later.
    pub patience: Duration,
}

impl Default for NodesSettings {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self {
            refresh: seconds(1),
            discover: seconds(3),
            answer: seconds(5),
            absence: seconds(30),
            room: seconds(300),
            patience: seconds(10),
        }
    }
}

/// Many nodes as one. Watches them until it is dropped.
pub struct Nodes {
    board: Arc<Board>,
    admission: Arc<dyn Admission>,
    settings: NodesSettings,
    gate: Gate,
    rolls: Rolls,
    _watching: DropGuard,
}

impl Nodes {
    /// The nodes that `discovery` finds; `admission` tells what a call takes. Begins to watch them, on the
    /// runtime it is called in.
    pub fn new(
        discovery: Arc<dyn Discovery>,
        admission: Arc<dyn Admission>,
        settings: NodesSettings,
    ) -> Self {
        let (board, watching) = (Arc::new(Board::new(settings)), CancellationToken::new());
        tokio::spawn(watch::all(board.clone(), discovery, settings, watching.clone()));
        let (gate, rolls) = Default::default();
        Self { board, admission, settings, gate, rolls, _watching: watching.drop_guard() }
    }

    /// What the nodes said of themselves last, those that answer.
    #[must_use]
    pub fn statuses(&self) -> Vec<NodeStatus> {
        self.board.statuses()
    }

    async fn run_somewhere(
        &self,
        request: ExecutionRequest,
        asking: Asking,
        exchange: &dyn Exchange,
        cancel: CancellationToken,
    ) -> Result<Completed, ContainerError> {
        loop {
            let mut seat = self.seat(&request, &asking, &cancel).await?;
            // Where it may be already, it is not tried elsewhere.
            let elsewhere = !seat.taken && asking.since.elapsed() < self.settings.room;
            exchange.placed().await.map_err(ContainerError::Exchange)?;
            let ended = seat.take().run(request.clone(), exchange, cancel.clone()).await;
            match &ended {
                Err(ContainerError::NoRoom(_)) if elsewhere => {
                    exchange.unplaced();
                    seat.refuse();
                }
                Err(ContainerError::ImageUnavailable { .. }) if elsewhere => {
                    exchange.unplaced();
                    seat.lacks_image(&asking.image_name);
                }
                Err(error) if error.leaves_nothing() => {
                    seat.end();
                    return ended;
                }
                Err(ContainerError::Unavailable(_)) => {
                    drop(seat);
                    return self.follow(request, ended, &asking, exchange, cancel).await;
                }
                _ => return ended,
            }
        }
    }

    /// A node that answers no more may be back at another address, with the container. Where it is not,
    /// the call `ended` as it did.
    async fn follow(
        &self,
        request: ExecutionRequest,
        ended: Result<Completed, ContainerError>,
        asking: &Asking,
        exchange: &dyn Exchange,
        cancel: CancellationToken,
    ) -> Result<Completed, ContainerError> {
        // Every node is asked: of the one that fell silent, nobody may have heard yet that it did.
        let found = cancel.run_until_cancelled(self.find(&[asking.name])).await;
        if found.is_some_and(|found| found.is_ok_and(|found| found.is_empty())) {
            return ended;
        }
        let request = ExecutionRequest { begin: Begin::Adopt, ..request };
        let mut seat = match self.seat(&request, asking, &cancel).await {
            Ok(seat) => seat,
            Err(ContainerError::Cancelled) => return Err(ContainerError::Cancelled),
            Err(_) => return ended,
        };
        exchange.placed().await.map_err(ContainerError::Exchange)?;
        match seat.take().run(request, exchange, cancel).await {
            Err(ContainerError::Lost(_)) => ended,
            again => {
                if again.as_ref().is_err_and(ContainerError::leaves_nothing) {
                    seat.end();
                }
                again
            }
        }
    }

    /// Where the container of the call is, or may begin.
    async fn seat(
        &self,
        request: &ExecutionRequest,
        asking: &Asking,
        cancel: &CancellationToken,
    ) -> Result<Seat, ContainerError> {
        let found = async {
            match request.begin {
                Begin::Start => match self.board.seat_at_home(asking) {
                    Some(seat) => Ok(seat),
                    None => self.board.wait_for_seat(asking).await,
                },
                Begin::Adopt => self.adopt(asking).await,
            }
        };
        match cancel.run_until_cancelled(found).await {
            Some(found) => found,
            None if request.begin == Begin::Start => Err(ContainerError::Cancelled),
            None => {
                let _ = self.remove(request.name, Some(request.fence)).await;
                Err(ContainerError::Cancelled)
            }
        }
    }

    async fn adopt(&self, asking: &Asking) -> Result<Seat, ContainerError> {
        let there = self.board.is_at_home(asking.name) || !self.find(&[asking.name]).await?.is_empty();
        let seat = if there { self.board.seat_at_home(asking) } else { None };
        seat.ok_or_else(|| ContainerError::Lost("no node that answers has it".to_owned()))
    }
}

#[async_trait]
impl Execution for Nodes {
    async fn run(
        &self,
        request: ExecutionRequest,
        exchange: &dyn Exchange,
        cancel: CancellationToken,
    ) -> Result<Completed, ContainerError> {
        if cancel.is_cancelled() && request.begin == Begin::Start {
            return Err(ContainerError::Cancelled);
        }
        let admitted = self.admission.admit(&request.call, &request.permissions)?;
        let asking = Asking {
            name: request.name,
            demand: admitted.demand(),
            image_name: admitted.image_name().to_owned(),
            image: admitted.image(),
            since: Instant::now(),
        };
        drop(admitted);
        self.gate.pass(self.run_somewhere(request, asking, exchange, cancel)).await
    }

    fn places_calls(&self) -> bool {
        true
    }

    fn waiting(&self) -> usize {
        self.board.waiting()
    }

    async fn remove(&self, name: ContainerName, fence: Option<u64>) -> Result<(), ContainerError> {
        match self.board.home(name) {
            Some(home) => whereabouts::remove(&*home, name, fence).await?,
            None => self.remove_everywhere(name, fence).await?,
        }
        self.board.forget(name);
        Ok(())
    }

    async fn close(&self) {
        self.gate.close().await;
        let nodes = self.board.nodes();
        join_all(nodes.iter().map(|(_, node)| node.close())).await;
    }
}

#[async_trait]
impl Inventory for Nodes {
    /// Those on the nodes that answer.
    async fn list(&self) -> Result<Vec<ContainerName>, ContainerError> {
        let roll = self.roll().await;
        if roll.is_empty() { Err(self.board.silence()) } else { Ok(roll.present.clone()) }
    }

    async fn ping(&self) -> Result<(), ContainerError> {
        self.board.looked(self.settings.absence).await;
        if self.board.statuses().is_empty() { Err(self.board.silence()) } else { Ok(()) }
    }

    async fn capacity(&self) -> Result<Option<Capacity>, ContainerError> {
        self.ping().await?;
        Ok(Some(self.board.tell_capacity()))
    }

    async fn capacity_changed(&self) {
        self.board.capacity_changed().await;
    }

    async fn images(&self) -> Result<Vec<RegisteredImage>, ContainerError> {
        Ok(self.node().await?.images)
    }

    /// All nodes that answer, as if they were one.
    async fn node(&self) -> Result<NodeStatus, ContainerError> {
        self.ping().await?;
        Ok(whereabouts::together(&self.board.statuses()))
    }

    async fn find(&self, names: &[ContainerName]) -> Result<Vec<ContainerName>, ContainerError> {
        self.find_or_wait(names).await
    }
}

#[cfg(test)]
mod address_tests;
#[cfg(test)]
mod scale_tests;
#[cfg(test)]
mod tests;
