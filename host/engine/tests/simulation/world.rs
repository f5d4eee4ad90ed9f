//! Time, chance and faults, the same for all who live in this world.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use fastrand::Rng;
use jiff::{SignedDuration, Timestamp};
use simulay_model::Clock;
use tokio::time::Instant;

/// A world that a seed makes.
pub(crate) struct World(Mutex<State>);

struct State {
    rng: Rng,
    /// Time that passed in earlier lives.
    before: Duration,
    since: Option<Instant>,
    calm: bool,
    full_until: Duration,
}

impl World {
    pub(crate) fn new(seed: u64) -> Arc<Self> {
        let rng = Rng::with_seed(seed);
        let full_until = Duration::ZERO;
        Arc::new(Self(Mutex::new(State {
            rng,
            before: Duration::ZERO,
            since: None,
            calm: false,
            full_until,
        })))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    /// A life begins: time goes on with the runtime's clock.
    pub(crate) fn begin_life(&self) {
        self.state().since = Some(Instant::now());
    }

    /// A life ends: time stands still.
    pub(crate) fn end_life(&self) {
        let now = self.now();
        let mut state = self.state();
        (state.before, state.since) = (now, None);
    }

    pub(crate) fn now(&self) -> Duration {
        let state = self.state();
        state.before + state.since.map_or(Duration::ZERO, |since| since.elapsed())
    }

    pub(crate) fn draw(&self) -> u64 {
        self.state().rng.u64(..)
    }

    pub(crate) fn below(&self, bound: u64) -> u64 {
        self.state().rng.u64(..bound)
    }

    pub(crate) fn millis(&self, bound: u64) -> Duration {
        Duration::from_millis(self.below(bound))
    }

    /// True once in `times`, while faults happen at all.
    pub(crate) fn fault(&self, times: u64) -> bool {
        let mut state = self.state();
        !state.calm && state.rng.u64(..times) == 0
    }

    /// From now on, nothing fails.
    pub(crate) fn calm_down(&self) {
        let mut state = self.state();
        (state.calm, state.full_until) = (true, Duration::ZERO);
    }

    pub(crate) fn fill_disk(&self, time: Duration) {
        let until = self.now() + time;
        self.state().full_until = until;
    }

    pub(crate) fn disk_is_full(&self) -> bool {
        let now = self.now();
        now < self.state().full_until
    }

    /// World time as an instant.
    pub(crate) fn instant(&self) -> Timestamp {
        let passed = SignedDuration::try_from(self.now()).unwrap();
        Timestamp::from_second(1_800_000_000).unwrap() + passed
    }
}

/// The clock of the database.
pub(crate) struct WorldClock(pub(crate) Arc<World>);

impl Clock for WorldClock {
    fn now(&self) -> Timestamp {
        self.0.instant()
    }
}
