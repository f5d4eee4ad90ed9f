//! Containers that wait for a call, made ahead of it.
//!
//! One that is taken for an attempt keeps its name, and Docker is asked nothing: see [`serving`](super::serving). A host
//! that is killed leaves it as one whose init tells of the attempt, or as one that never had a job.
//!
//! The other end is alike: removing a container takes as long as starting one, and nobody need wait for it. The init of
//! one whose call is over and whose results are stored has no job any more, and the container is removed later.
//!
//! One may have a command started ahead, up to where that would read its program: what calls of its class ask for
//! most. It has all that the command can know before it is given a job, and nothing of any job; a call that asks for
//! another command starts that in it as in any other.
//!
//! All of them are labelled with the life of their host. What an earlier life of the same instance left without a job
//! is removed; what other instances have has another label and another name.

mod boots;
mod demand;
mod names;
mod settings;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use parking_lot::Mutex;
use simulay_containers::{PoolStatus, WarmClass};
use simulay_init::frames::BootSpec;
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
use super::claiming::Taken;
use crate::class::Class;

/// A container that waits for a call. Dropped, it is removed.
pub(super) struct Warm {
    pub(super) name: WarmName,
    pub(super) kind: Kind,
    pub(super) attached: Attached,
    pub(super) made: Instant,
    /// When its init answered last.
    pub(super) heard: Instant,
}

/// What a container that waits is good for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Kind {
    pub(super) class: Class,
    /// The command that it has started ahead.
    pub(super) boot: Option<Arc<BootSpec>>,
}

/// Those that wait, and what is wanted of them.
pub(super) struct Pool {
    pub(super) settings: PoolSettings,
    /// This life of the host.
    pub(super) life: Uuid,
    pub(super) names: Arc<Names>,
    state: Mutex<State>,
    /// Attempts whose containers have handed back all they had, with who is still attached to those.
    pub(super) finished: Mutex<HashMap<ContainerName, Option<Taken>>>,
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
    in_making: Vec<Kind>,
}

/// One that is being made.
pub(super) struct InMaking {
    pool: Arc<Pool>,
    pub(super) kind: Kind,
}

impl Drop for InMaking {
    fn drop(&mut self) {
        let mut state = self.pool.state.lock();
        if let Some(index) = state.in_making.iter().position(|kind| *kind == self.kind) {
            state.in_making.swap_remove(index);
        }
        drop(state);
        self.pool.ring();
    }
}

impl Pool {
    pub(super) fn new(settings: PoolSettings) -> Self {
        let (names, state, bell, closing, makers) = Default::default();
        let (finished, is_kept) = Default::default();
        Self { settings, life: Uuid::new_v4(), names, state, finished, is_kept, bell, closing, makers }
    }

    /// One for a call that asks for `kind`, when one of its class waits; that it was asked for is remembered.
    pub(super) fn take(&self, kind: &Kind) -> Option<Warm> {
        let mut state = self.state.lock();
        let taken = state.take(kind);
        state.demand.ask(kind.class, taken.is_some(), Instant::now(), &self.settings);
        if let Some(boot) = &kind.boot {
            state.demand.ask_boot(kind.class, boot);
        }
        taken
    }

    /// Another one, for the same call.
    pub(super) fn take_another(&self, kind: &Kind) -> Option<Warm> {
        self.state.lock().take(kind)
    }

    /// Lets one wait from now on, or again.
    pub(super) fn put(&self, warm: Warm) {
        self.state.lock().ready.push(warm);
    }

    /// Those that were not heard since, which wait no longer.
    pub(super) fn take_unheard(&self, since: Instant) -> Vec<Warm> {
        self.state.lock().ready.extract_if(.., |warm| warm.heard < since).collect()
    }

    /// Lets go of those that are too old, too many, or have nothing started ahead where that is worth it; tells the
    /// kind of each that is to be made. There may be no more than `settings` allow.
    pub(super) fn review(&self, settings: &PoolSettings) -> Vec<Kind> {
        let mut state = self.state.lock();
        let now = Instant::now();
        let wanted = state.demand.wanted(now, settings);
        let mut kept = BTreeMap::<Class, u32>::new();
        let ready = std::mem::take(&mut state.ready);
        let (stays, goes): (Vec<_>, Vec<_>) = ready.into_iter().partition(|warm| {
            let class = warm.kind.class;
            let kept = kept.entry(class).or_default();
            let lags = || warm.kind.boot.is_none() && state.demand.boot(class, &[]).is_some();
            let stays = *kept < wanted.get(&class).copied().unwrap_or(0)
                && now.duration_since(warm.made) < self.settings.max_age
                && !lags();
            *kept += u32::from(stays);
            stays
        });
        state.ready = stays;
        let short = wanted.into_iter().filter(|(class, _)| state.demand.may_make(class, now));
        let short = short.flat_map(|(class, wanted)| state.short(class, wanted as usize)).collect();
        drop(state);
        // Each is written down as waste.
        drop(goes);
        short
    }

    /// One of `kind` is being made from now on.
    pub(super) fn begin(self: &Arc<Self>, kind: Kind) -> InMaking {
        self.state.lock().in_making.push(kind.clone());
        InMaking { pool: self.clone(), kind }
    }

    /// How many are being made.
    pub(super) fn in_making(&self) -> usize {
        self.state.lock().in_making.len()
    }

    /// One of `class` was made, and takes so much memory.
    pub(super) fn learn(&self, class: Class, memory_bytes: u64) {
        self.state.lock().demand.learn(class, memory_bytes);
    }

    /// What was to be started ahead in one of `class` cannot be.
    pub(super) fn refuse(&self, class: Class, boot: &BootSpec) {
        self.state.lock().demand.refuse_boot(class, boot);
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

    /// What there is for any call, by class; `name` tells what an image is called.
    pub(super) fn status(&self, name: impl Fn(Class) -> Option<String>) -> PoolStatus {
        let state = self.state.lock();
        let of_class = |class: Class| {
            let ready = || state.ready.iter().map(|warm| &warm.kind).filter(|kind| kind.class == class);
            let booted = ready().filter(|kind| kind.boot.is_some()).count();
            let making = state.in_making.iter().filter(|kind| kind.class == class).count();
            Some(WarmClass {
                image: name(class)?,
                cpu_milli: class.cpu_milli,
                memory_mib: class.memory_bytes >> 20,
                scratch_mib: class.scratch_mib,
                ready: u32::try_from(ready().count()).unwrap_or(u32::MAX),
                booted: u32::try_from(booted).unwrap_or(u32::MAX),
                in_making: u32::try_from(making).unwrap_or(u32::MAX),
                bytes_each: state.demand.bytes_each(class),
            })
        };
        PoolStatus {
            max_containers: self.settings.max_containers,
            max_per_class: self.settings.max_per_class,
            max_memory_mib: self.settings.max_memory_bytes >> 20,
            classes: state.demand.classes().filter_map(of_class).collect(),
            ..PoolStatus::default()
        }
    }
}

impl State {
    /// The one that waits longest: of those of the very kind, if there are any.
    fn take(&mut self, kind: &Kind) -> Option<Warm> {
        let same = self.ready.iter().position(|warm| warm.kind == *kind);
        let index = same.or_else(|| self.ready.iter().position(|warm| warm.kind.class == kind.class))?;
        Some(self.ready.remove(index))
    }

    /// What is to be made for `wanted` of `class` to be there.
    fn short(&self, class: Class, wanted: usize) -> Vec<Kind> {
        let kinds = self.ready.iter().map(|warm| &warm.kind).chain(&self.in_making);
        let there = kinds.filter(|kind| kind.class == class);
        let mut there: Vec<_> = there.map(|kind| kind.boot.clone()).collect();
        let count = wanted.saturating_sub(there.len());
        let make = |_| {
            let boot = self.demand.boot(class, &there);
            there.push(boot.clone());
            Kind { class, boot }
        };
        (0..count).map(make).collect()
    }
}
