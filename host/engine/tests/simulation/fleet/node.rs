//! A node of a fleet: a daemon, and the agent that runners ask for its containers. An agent dies and comes back
//! without what it remembered; what its daemon has goes on.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use simulay_containers::{Capacity, Fenced, Reserving};

use crate::client::{Client, policy};
use crate::daemon::Daemon;
use crate::machine::Machine;
use crate::world::World;

/// A node.
pub(crate) struct Node {
    pub(crate) daemon: Arc<Daemon>,
    world: Arc<World>,
    /// It is somewhere else whenever its agent comes back, as a task of a swarm is.
    moves: bool,
    agent: Mutex<Arc<Agent>>,
}

/// What has the containers of a node.
pub(crate) struct Agent {
    pub(crate) address: String,
    pub(crate) machine: Arc<Machine>,
    pub(crate) room: Arc<Reserving<Client>>,
    pub(crate) containers: Fenced<Arc<Reserving<Client>>>,
}

impl Node {
    /// Number so and so, with room for so many calls.
    pub(crate) fn new(world: &Arc<World>, number: usize, calls: u64, moves: bool) -> Arc<Self> {
        let daemon = Daemon::on(&format!("node-{number}"), world);
        daemon.set_capacity(Capacity { cpu_milli: calls * 500, memory_mib: 10_240 });
        let agent = Mutex::new(Agent::new(world, &daemon, daemon.name.clone(), u64::MAX));
        Arc::new(Self { daemon, world: world.clone(), moves, agent })
    }

    pub(crate) fn agent(&self) -> Arc<Agent> {
        self.agent.lock().unwrap().clone()
    }

    /// The agent, where it is found.
    pub(crate) fn at(&self, address: &str) -> Option<Arc<Agent>> {
        let agent = self.agent();
        (agent.address == address && !agent.machine.is_dead()).then_some(agent)
    }

    /// Where runners look for it; nowhere when whoever places services knows that it is gone.
    pub(crate) fn address(&self) -> Option<String> {
        let agent = self.agent();
        (!self.moves || !agent.machine.is_dead()).then(|| agent.address.clone())
    }

    /// Its agent begins another life, of so many acts.
    pub(crate) fn begin_life(&self, acts: u64) {
        let mut agent = self.agent.lock().unwrap();
        agent.machine.kill();
        self.daemon.forget_fences();
        let moved = format!("{}-{}", self.daemon.name, self.world.draw());
        let address = if self.moves { moved } else { self.daemon.name.clone() };
        *agent = Agent::new(&self.world, &self.daemon, address, acts);
    }

    /// It is without power for so long: nothing of what it did is there afterwards.
    pub(crate) fn lose_power(&self, time: Duration) {
        self.agent().machine.kill();
        self.daemon.leave(time, true);
    }
}

impl Agent {
    fn new(world: &Arc<World>, daemon: &Arc<Daemon>, address: String, acts: u64) -> Arc<Self> {
        let machine = Machine::new(world, acts);
        let client = Client { daemon: daemon.clone(), machine: machine.clone() };
        let room = Arc::new(Reserving::new(client, Arc::new(policy()), Capacity::default()));
        Arc::new(Self { address, machine, containers: Fenced::new(room.clone()), room })
    }
}
