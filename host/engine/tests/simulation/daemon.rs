//! A container daemon that loses what it has, and is away.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use simulay_containers::{Begin, Capacity, ContainerError};
use simulay_model::ContainerName;

use crate::judge::Breaks;
use crate::plugin::Act;
use crate::world::World;

/// The daemon of this world.
pub(crate) struct Daemon {
    pub(crate) name: String,
    world: Arc<World>,
    state: Mutex<State>,
    /// Calls that broke here.
    pub(crate) breaks: Breaks,
}

#[derive(Default)]
struct State {
    containers: BTreeMap<ContainerName, Duration>,
    starts: Vec<ContainerName>,
    away_until: Duration,
    capacity: Option<Capacity>,
    most_at_once: usize,
    /// The fence by which each container is attended, as far as whoever asks here remembers it.
    fences: BTreeMap<ContainerName, u64>,
    /// What was done by a fence that is older than the one that a container is attended by.
    harm: Vec<String>,
}

impl Daemon {
    pub(crate) fn new(world: &Arc<World>) -> Arc<Self> {
        Self::on("only", world)
    }

    /// The one of the node that is called `name`.
    pub(crate) fn on(name: &str, world: &Arc<World>) -> Arc<Self> {
        let (state, breaks) = Default::default();
        Arc::new(Self { name: name.to_owned(), world: world.clone(), state, breaks })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    pub(crate) fn set_capacity(&self, capacity: Capacity) {
        self.state().capacity = Some(capacity);
    }

    /// Goes away, perhaps with all its containers.
    pub(crate) fn leave(&self, time: Duration, with_all: bool) {
        let until = self.world.now() + time;
        let mut state = self.state();
        state.away_until = until;
        if with_all {
            state.containers.clear();
            state.fences.clear();
        }
    }

    pub(crate) fn come_back(&self) {
        self.state().away_until = Duration::ZERO;
    }

    /// Loses one of the containers.
    pub(crate) fn lose_one(&self) {
        let mut state = self.state();
        let count = state.containers.len() as u64;
        if count > 0 {
            let lost = usize::try_from(self.world.below(count)).unwrap();
            let name = *state.containers.keys().nth(lost).unwrap();
            state.containers.remove(&name);
            state.fences.remove(&name);
        }
    }

    pub(crate) fn starts(&self) -> Vec<ContainerName> {
        self.state().starts.clone()
    }

    pub(crate) fn most_at_once(&self) -> usize {
        self.state().most_at_once
    }

    pub(crate) fn present(&self) -> Vec<ContainerName> {
        self.state().containers.keys().copied().collect()
    }

    /// Whoever asked here is gone, with what it remembers.
    pub(crate) fn forget_fences(&self) {
        self.state().fences.clear();
    }

    /// What older fences did to containers of newer ones.
    pub(crate) fn harm(&self) -> Vec<String> {
        self.state().harm.clone()
    }

    /// Someone sees to a container by a fence.
    pub(crate) fn attended(&self, name: ContainerName, fence: u64) {
        self.state().fences.insert(name, fence);
    }

    pub(crate) fn has(&self, name: ContainerName) -> bool {
        self.state().containers.contains_key(&name)
    }

    pub(crate) fn capacity(&self) -> Option<Capacity> {
        self.state().capacity
    }

    /// Something is `done` to a container by a fence.
    pub(crate) fn by(&self, name: ContainerName, fence: u64, done: &str) {
        let mut state = self.state();
        let newest = state.fences.get(&name).copied().unwrap_or_default();
        if fence < newest && state.containers.contains_key(&name) {
            state.harm.push(format!("{name} was {done} by fence {fence} after {newest}"));
        }
    }

    pub(crate) fn remove(&self, name: ContainerName) {
        let mut state = self.state();
        state.containers.remove(&name);
        state.fences.remove(&name);
    }

    pub(crate) fn is_away(&self) -> bool {
        let now = self.world.now();
        now < self.state().away_until
    }

    /// When the container ends; it is started when it may be and is not there.
    pub(crate) fn ensure(
        &self,
        name: ContainerName,
        act: &Act,
        begin: Begin,
    ) -> Result<Duration, ContainerError> {
        let mut state = self.state();
        if let Some(ends) = state.containers.get(&name) {
            return Ok(*ends);
        }
        if begin == Begin::Adopt {
            return Err(lost());
        }
        let now = self.world.now();
        let ends = now + Duration::from_millis(act.millis);
        state.starts.push(name);
        state.containers.insert(name, ends);
        let at_work = state.containers.values().filter(|ends| **ends > now).count();
        state.most_at_once = state.most_at_once.max(at_work);
        Ok(ends)
    }
}

pub(crate) fn lost() -> ContainerError {
    ContainerError::Lost("it is not there".to_owned())
}
