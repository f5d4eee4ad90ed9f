//! Containers that wait for a call, made ahead of it.
//!
//! **To which attempt a container belongs, its name in Docker says, and nothing else.** One that waits has a name
//! of its own. Whoever takes it for an attempt has Docker rename it to the name of the attempt *before* it is given
//! the job. Docker writes a rename down before it answers, and gives each name to one container at a time. So:
//!
//! - A host that is killed at any instruction leaves either a container that waits, and never had a job, or one
//!   under the name of its attempt, which is adopted as one that was started cold: its init says where the job is.
//! - An attempt has one container at most, whoever lost which answer: of a rename that comes late and a container
//!   that is created meanwhile, the second finds the name taken.
//! - One that waits is only ever removed by the name it waits under. When it was taken meanwhile, nobody is there
//!   under that name, and nothing happens.
//!
//! Neither the journal nor init could do as much: the journal would name a container that Docker may have lost, and
//! init would have to be asked by who does not know which of them it is.
//!
//! The other end is alike: removing a container takes as long as starting one, and nobody need wait for it. One whose
//! call is over and whose results are stored is renamed to a name of nobody, and removed by that.
//!
//! Those that wait are labelled with the life of their host. What an earlier life of the same instance left is
//! removed; what other instances have has another label and another name.

mod demand;
mod names;
mod settings;

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use parking_lot::Mutex;
use simulay_containers::{PoolStatus, WarmClass};
use simulay_model::ContainerName;
use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use self::demand::Demand;
use self::names::Names;
pub(super) use self::names::WarmName;
pub use self::settings::PoolSettings;
use super::attachment::Attached;
use crate::class::Class;

/// A container that waits for a call. Dropped, it is removed.
pub(super) struct Warm {
    pub(super) name: WarmName,
    pub(super) class: Class,
    pub(super) attached: Attached,
    pub(super) made: Instant,
    /// When its init answered last.
    pub(super) heard: Instant,
}

/// Those that wait, and what is wanted of them.
pub(super) struct Pool {
    pub(super) settings: PoolSettings,
    /// This life of the host.
    pub(super) life: Uuid,
    pub(super) names: Arc<Names>,
    state: Mutex<State>,
    /// Attempts whose containers have handed back all they had.
    pub(super) finished: Mutex<HashSet<ContainerName>>,
    /// Somebody removes what is to be removed.
    pub(super) is_kept: AtomicBool,
    /// Rung when another container may be made.
    bell: Notify,
    pub(super) closing: CancellationToken,
    /// Whoever makes containers that are to wait.
    pub(super) makers: TaskTracker,
}

#[derive(Default)]
struct State {
    demand: Demand,
    ready: Vec<Warm>,
    in_making: BTreeMap<Class, u32>,
}

/// One that is being made.
pub(super) struct InMaking {
    pool: Arc<Pool>,
    pub(super) class: Class,
}

impl Drop for InMaking {
    fn drop(&mut self) {
        if let Some(making) = self.pool.state.lock().in_making.get_mut(&self.class) {
            *making = making.saturating_sub(1);
        }
        self.pool.ring();
    }
}

impl Pool {
    pub(super) fn new(settings: PoolSettings) -> Self {
        let (names, state, bell, closing, makers) = Default::default();
        let (finished, is_kept) = Default::default();
        Self { settings, life: Uuid::new_v4(), names, state, finished, is_kept, bell, closing, makers }
    }

    /// One of `class` for a call that asks for it, when one waits; that it was asked for is remembered.
    pub(super) fn take(&self, class: Class) -> Option<Warm> {
        if self.settings.max_containers == 0 {
            return None;
        }
        let mut state = self.state.lock();
        let taken = state.take(class);
        state.demand.ask(class, taken.is_some(), Instant::now(), &self.settings);
        taken
    }

    /// Another one of `class`, for the same call.
    pub(super) fn take_another(&self, class: Class) -> Option<Warm> {
        self.state.lock().take(class)
    }

    /// Lets one wait from now on, or again.
    pub(super) fn put(&self, warm: Warm) {
        self.state.lock().ready.push(warm);
    }

    /// Those that were not heard since, which wait no longer.
    pub(super) fn take_unheard(&self, since: Instant) -> Vec<Warm> {
        self.state.lock().ready.extract_if(.., |warm| warm.heard < since).collect()
    }

    /// Lets go of those that are too old, or too many; tells the class of each that is to be made.
    pub(super) fn review(&self) -> Vec<Class> {
        let mut state = self.state.lock();
        let now = Instant::now();
        let wanted = state.demand.wanted(now, &self.settings);
        let mut kept = BTreeMap::<Class, u32>::new();
        let (stays, goes): (Vec<_>, Vec<_>) =
            std::mem::take(&mut state.ready).into_iter().partition(|warm| {
                let kept = kept.entry(warm.class).or_default();
                let stays = *kept < wanted.get(&warm.class).copied().unwrap_or(0)
                    && now.duration_since(warm.made) < self.settings.max_age;
                *kept += u32::from(stays);
                stays
            });
        state.ready = stays;
        let count = |counts: &BTreeMap<Class, u32>, class: &Class| counts.get(class).copied().unwrap_or(0);
        let short = wanted.into_iter().filter(|(class, _)| state.demand.may_make(class, now));
        let short = short.flat_map(|(class, wanted)| {
            let there = count(&kept, &class) + count(&state.in_making, &class);
            std::iter::repeat_n(class, wanted.saturating_sub(there) as usize)
        });
        let short = short.collect();
        drop(state);
        // Each is written down as waste.
        drop(goes);
        short
    }

    /// One of `class` is being made from now on.
    pub(super) fn begin(self: &Arc<Self>, class: Class) -> InMaking {
        *self.state.lock().in_making.entry(class).or_default() += 1;
        InMaking { pool: self.clone(), class }
    }

    /// How many are being made.
    pub(super) fn in_making(&self) -> u32 {
        self.state.lock().in_making.values().sum()
    }

    /// One of `class` was made, and takes so much memory.
    pub(super) fn learn(&self, class: Class, memory_bytes: u64) {
        self.state.lock().demand.learn(class, memory_bytes);
    }

    /// One of `class` could not be made.
    pub(super) fn fail(&self, class: Class) {
        self.state.lock().demand.fail(class, Instant::now());
    }

    /// Lets go of all.
    pub(super) fn clear(&self) {
        let ready = std::mem::take(&mut self.state.lock().ready);
        drop(ready);
    }

    pub(super) fn ring(&self) {
        self.bell.notify_one();
    }

    /// Returns once it was rung for.
    pub(super) async fn rung(&self) {
        self.bell.notified().await;
    }

    /// What there is, by class; `name` tells what an image is called.
    pub(super) fn status(&self, name: impl Fn(Class) -> Option<String>) -> PoolStatus {
        let state = self.state.lock();
        let of_class = |class: Class| {
            let ready = state.ready.iter().filter(|warm| warm.class == class).count();
            let making = state.in_making.get(&class).copied().unwrap_or(0);
            Some(WarmClass {
                image: name(class)?,
                cpu_milli: class.cpu_milli,
                memory_mib: class.memory_bytes >> 20,
                scratch_mib: class.scratch_mib,
                ready: u32::try_from(ready).unwrap_or(u32::MAX),
                in_making: making,
                bytes_each: state.demand.bytes_each(class),
            })
        };
        PoolStatus {
            max_containers: self.settings.max_containers,
            max_per_class: self.settings.max_per_class,
            max_memory_mib: self.settings.max_memory_bytes >> 20,
            classes: state.demand.classes().filter_map(of_class).collect(),
        }
    }
}

impl State {
    /// The one that waits longest.
    fn take(&mut self, class: Class) -> Option<Warm> {
        let index = self.ready.iter().position(|warm| warm.class == class)?;
        Some(self.ready.remove(index))
    }
}
