//! The members of a store: each is as far away as the seed has it, and away for a while now and then. Nothing is
//! read or written unless most of them are there.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use crate::world::World;

/// Until whoever asks learns that too few are there.
const SELECTION: Duration = Duration::from_secs(5);
/// For the others to choose who leads.
const ELECTION_MILLIS: u64 = 12_000;

/// The members of a store.
pub(crate) struct Replicas {
    world: Arc<World>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The first one leads, or led.
    members: Vec<Member>,
    electing_until: Duration,
}

#[derive(Clone, Copy, Default)]
struct Member {
    delay: Duration,
    away_until: Duration,
}

impl Replicas {
    /// One that is where it is asked.
    pub(crate) fn near(world: &Arc<World>) -> Arc<Self> {
        Self::with(world, vec![Member::default()])
    }

    /// Up to five, the farthest of them at most `farthest` away.
    pub(crate) fn draw(world: &Arc<World>, farthest: u64) -> Arc<Self> {
        let count = 1 + 2 * world.below(3);
        let member = |_| Member { delay: world.millis(farthest.max(1)), away_until: Duration::ZERO };
        Self::with(world, (0..count).map(member).collect())
    }

    fn with(world: &Arc<World>, members: Vec<Member>) -> Arc<Self> {
        let state = State { members, electing_until: Duration::ZERO };
        Arc::new(Self { world: world.clone(), state: Mutex::new(state) })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// One of them is away for `time`.
    pub(crate) fn lose_one(&self, time: Duration) {
        let now = self.world.now();
        let mut state = self.state();
        let lost = usize::try_from(self.world.below(state.members.len() as u64)).unwrap();
        state.members[lost].away_until = now + time;
        if lost == 0 {
            state.electing_until = now + self.world.millis(ELECTION_MILLIS);
        }
    }

    /// All of them are there.
    pub(crate) fn heal(&self) {
        let mut state = self.state();
        state.electing_until = Duration::ZERO;
        state.members.iter_mut().for_each(|member| member.away_until = Duration::ZERO);
    }

    /// Until most of them have what is said; none while too few are there.
    fn delay(&self) -> Option<Duration> {
        let (now, state) = (self.world.now(), self.state());
        let there = state.members.iter().filter(|member| member.away_until <= now);
        let mut delays: Vec<_> = there.map(|member| member.delay).collect();
        delays.sort_unstable();
        delays.get(state.members.len() / 2).copied().filter(|_| state.electing_until <= now)
    }

    /// Something is said to them or by them; false when it is not heard.
    pub(crate) async fn carry(&self) -> bool {
        match self.delay() {
            Some(delay) if delay.is_zero() => true,
            Some(delay) => {
                tokio::time::sleep(delay.mul_f64(0.5) + self.world.millis(1 + delay.as_millis() as u64))
                    .await;
                true
            }
            None => {
                tokio::time::sleep(SELECTION).await;
                false
            }
        }
    }
}
