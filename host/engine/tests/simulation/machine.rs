//! A machine that a host runs on: it may stop for ever between any two acts of the host, or for a
//! while, and its clock may jump.

use std::future::pending;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use simulay_engine::Entropy;
use simulay_model::{Clock, RunId};
use tokio_util::sync::CancellationToken;

use crate::replicas::Replicas;
use crate::world::World;

/// Until whoever asks a store that cannot be reached learns of it.
const UNANSWERED: Duration = Duration::from_secs(5);

/// What was asked of the store.
#[derive(Default)]
pub(crate) struct Asked {
    pub(crate) calls: AtomicU64,
    /// Looks for runs among them.
    pub(crate) looks: AtomicU64,
    /// The most runs that a look found.
    pub(crate) most_found: AtomicU64,
}

/// A machine.
pub(crate) struct Machine {
    pub(crate) world: Arc<World>,
    pub(crate) asked: Asked,
    store: Arc<Replicas>,
    /// Acts until it dies.
    left: AtomicU64,
    dead: CancellationToken,
    frozen_until: Mutex<Duration>,
    /// The store cannot be reached from here.
    cut_off_until: Mutex<Duration>,
    /// Seconds by which its clock is wrong.
    skew: AtomicI64,
}

impl Machine {
    /// Lives for `acts` acts.
    pub(crate) fn new(world: &Arc<World>, acts: u64) -> Arc<Self> {
        Self::with_store(world, acts, &Replicas::near(world))
    }

    /// Lives for `acts` acts, with a store that is not the machine itself.
    pub(crate) fn with_store(world: &Arc<World>, acts: u64, store: &Arc<Replicas>) -> Arc<Self> {
        Arc::new(Self {
            world: world.clone(),
            asked: Asked::default(),
            store: store.clone(),
            left: AtomicU64::new(acts),
            dead: CancellationToken::new(),
            frozen_until: Mutex::default(),
            cut_off_until: Mutex::default(),
            skew: AtomicI64::new(0),
        })
    }

    /// Before and after each act of the host towards the world. A dead host never comes back.
    pub(crate) async fn act(&self) {
        let left = self.left.load(Ordering::Relaxed).saturating_sub(1);
        self.left.store(left, Ordering::Relaxed);
        if left == 0 {
            self.dead.cancel();
        }
        if self.dead.is_cancelled() {
            pending::<()>().await;
        }
        if self.world.fault(400) {
            self.freeze(self.world.millis(90_000));
        }
        if self.world.below(4) == 0 {
            tokio::time::sleep(self.world.millis(40)).await;
        }
        self.awake().await;
    }

    /// Goes on once it is not frozen, and never when it is dead.
    pub(crate) async fn awake(&self) {
        self.thaw().await;
        if self.dead.is_cancelled() {
            pending::<()>().await;
        }
    }

    /// Something goes to the store or comes from it; false when it does not arrive.
    pub(crate) async fn reaches_store(&self) -> bool {
        if self.world.now() < *self.cut_off_until.lock().unwrap() {
            tokio::time::sleep(UNANSWERED).await;
            return false;
        }
        self.store.carry().await
    }

    /// It cannot reach the store, and everything else.
    pub(crate) fn cut_off(&self, time: Duration) {
        *self.cut_off_until.lock().unwrap() = self.world.now() + time;
    }

    pub(crate) fn kill(&self) {
        self.dead.cancel();
    }

    /// True while nothing moves on it.
    pub(crate) fn is_stiff(&self) -> bool {
        self.is_dead() || self.world.now() < *self.frozen_until.lock().unwrap()
    }

    /// Returns when it is dead.
    pub(crate) async fn died(&self) {
        self.dead.cancelled().await;
    }

    pub(crate) fn is_dead(&self) -> bool {
        self.dead.is_cancelled()
    }

    pub(crate) fn freeze(&self, time: Duration) {
        *self.frozen_until.lock().unwrap() = self.world.now() + time;
    }

    /// The clock is set, by up to a day either way.
    pub(crate) fn jump(&self) {
        let day = 24 * 3600;
        let skew = i64::try_from(self.world.below(2 * day)).unwrap() - i64::try_from(day).unwrap();
        self.skew.store(skew, Ordering::Relaxed);
    }

    /// The clock is set back by a year.
    pub(crate) fn set_back(&self) {
        self.skew.store(-365 * 24 * 3600, Ordering::Relaxed);
    }

    async fn thaw(&self) {
        loop {
            let until = *self.frozen_until.lock().unwrap();
            let Some(left) = until.checked_sub(self.world.now()).filter(|left| !left.is_zero()) else {
                return;
            };
            tokio::time::sleep(left).await;
        }
    }
}

/// The clock of a machine.
pub(crate) struct MachineClock(pub(crate) Arc<Machine>);

impl Clock for MachineClock {
    fn now(&self) -> Timestamp {
        self.0.world.instant() + SignedDuration::from_secs(self.0.skew.load(Ordering::Relaxed))
    }
}

/// What a host leaves to chance; ids follow the clock of its machine.
pub(crate) struct MachineEntropy(pub(crate) Arc<Machine>);

impl Entropy for MachineEntropy {
    fn draw(&self) -> u64 {
        self.0.world.draw()
    }

    fn run_id(&self) -> RunId {
        let millis = u64::try_from(MachineClock(self.0.clone()).now().as_millisecond()).unwrap();
        RunId::from(uuid::Builder::from_unix_timestamp_millis(millis, &random(self.draw())).into_uuid())
    }
}

fn random(number: u64) -> [u8; 10] {
    let mut bytes = [0; 10];
    bytes[..8].copy_from_slice(&number.to_le_bytes());
    bytes
}
