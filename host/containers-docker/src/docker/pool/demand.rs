//! Which containers are worth to be kept waiting, by what calls asked for lately. Pure.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use simulay_init::frames::BootSpec;

use super::PoolSettings;
use super::boots::Boots;
use crate::class::Class;

/// Classes that are remembered; the one that was asked for least goes first.
const MAX_CLASSES: usize = 64;
/// What one that waits is taken to need before one was measured, bytes.
const GUESS: u64 = 8 << 20;
/// After one could not be made; doubled each time.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const MAX_DOUBLINGS: u32 = 7;

/// What calls asked for.
#[derive(Debug, Default)]
pub(super) struct Demand {
    classes: BTreeMap<Class, Asked>,
}

/// What calls asked for of one class.
#[derive(Debug)]
struct Asked {
    /// Calls, those of one idle time ago at half their weight.
    weight: f64,
    last: Instant,
    /// How many shall wait: one more for each call that found none.
    wanted: u32,
    /// When a call found none, or fewer were wanted since.
    changed: Instant,
    bytes_each: Option<u64>,
    boots: Boots,
    failures: u32,
    not_before: Option<Instant>,
}

impl Asked {
    fn new(now: Instant) -> Self {
        let (weight, wanted, bytes_each, boots, failures, not_before) = Default::default();
        Self { weight, last: now, wanted, changed: now, bytes_each, boots, failures, not_before }
    }

    /// The weight as it is by now.
    fn weight(&self, now: Instant, idle: Duration) -> f64 {
        let ago = now.duration_since(self.last).as_secs_f64() / idle.as_secs_f64().max(1.0);
        self.weight * (-ago).exp2()
    }
}

impl Demand {
    /// A call asked for a container of `class`, and found one or none.
    pub(super) fn ask(&mut self, class: Class, found: bool, now: Instant, settings: &PoolSettings) {
        self.forget_one_for(class, now, settings.idle);
        let asked = self.classes.entry(class).or_insert_with(|| Asked::new(now));
        asked.weight = asked.weight(now, settings.idle) + 1.0;
        asked.last = now;
        if !found {
            asked.wanted = asked.wanted.saturating_add(1).min(settings.max_per_class);
            asked.changed = now;
        }
    }

    /// That call would have `boot` started ahead.
    pub(super) fn ask_boot(&mut self, class: Class, boot: &Arc<BootSpec>) {
        if let Some(asked) = self.classes.get_mut(&class) {
            asked.boots.ask(boot);
        }
    }

    /// It cannot be.
    pub(super) fn refuse_boot(&mut self, class: Class, boot: &BootSpec) {
        if let Some(asked) = self.classes.get_mut(&class) {
            asked.boots.refuse(boot);
        }
    }

    /// What the next container of `class` shall start ahead, when `there` is what the others did.
    pub(super) fn boot(&self, class: Class, there: &[Option<Arc<BootSpec>>]) -> Option<Arc<BootSpec>> {
        self.classes.get(&class)?.boots.choose(there)
    }

    fn forget_one_for(&mut self, class: Class, now: Instant, idle: Duration) {
        if self.classes.len() < MAX_CLASSES || self.classes.contains_key(&class) {
            return;
        }
        let weights = self.classes.iter().map(|(class, asked)| (asked.weight(now, idle), *class));
        if let Some((_, least)) = weights.min_by(|one, other| one.0.total_cmp(&other.0)) {
            self.classes.remove(&least);
        }
    }

    /// How many of each class shall wait. The most asked for get their first one before any gets a second.
    pub(super) fn wanted(&mut self, now: Instant, settings: &PoolSettings) -> BTreeMap<Class, u32> {
        self.shrink(now, settings.idle);
        let mut by_weight: Vec<_> = self.classes.iter().collect();
        by_weight.sort_by(|(_, one), (_, other)| {
            other.weight(now, settings.idle).total_cmp(&one.weight(now, settings.idle))
        });
        let (mut wanted, mut containers, mut bytes) = (BTreeMap::new(), 0, 0_u64);
        for round in 1..=settings.max_per_class {
            for (class, asked) in by_weight.iter().filter(|(_, asked)| asked.wanted >= round) {
                let each = asked.bytes_each.unwrap_or(GUESS);
                if containers < settings.max_containers && bytes + each <= settings.max_memory_bytes {
                    (containers, bytes) = (containers + 1, bytes + each);
                    *wanted.entry(**class).or_default() += 1;
                }
            }
        }
        wanted
    }

    /// A class that nobody asks for is forgotten; one that was not short for that long gets one less.
    fn shrink(&mut self, now: Instant, idle: Duration) {
        self.classes.retain(|_, asked| now.duration_since(asked.last) < idle);
        for asked in self.classes.values_mut() {
            if asked.wanted > 1 && now.duration_since(asked.changed) >= idle {
                (asked.wanted, asked.changed) = (asked.wanted - 1, now);
            }
        }
    }

    /// One of `class` takes so much memory while it waits; others may take less, for what they started ahead.
    pub(super) fn learn(&mut self, class: Class, bytes: u64) {
        if let Some(asked) = self.classes.get_mut(&class) {
            (asked.bytes_each, asked.failures, asked.not_before) =
                (asked.bytes_each.max(Some(bytes)), 0, None);
        }
    }

    /// One of `class` could not be made: the next is tried later.
    pub(super) fn fail(&mut self, class: Class, now: Instant) {
        if let Some(asked) = self.classes.get_mut(&class) {
            asked.not_before = Some(now + FIRST_PAUSE * 2_u32.pow(asked.failures.min(MAX_DOUBLINGS)));
            asked.failures = asked.failures.saturating_add(1);
        }
    }

    /// False for a while after one could not be made.
    pub(super) fn may_make(&self, class: &Class, now: Instant) -> bool {
        self.classes.get(class).is_some_and(|asked| asked.not_before.is_none_or(|then| then <= now))
    }

    /// What one of `class` takes while it waits, bytes; 0 as long as none was measured.
    pub(super) fn bytes_each(&self, class: Class) -> u64 {
        self.classes.get(&class).and_then(|asked| asked.bytes_each).unwrap_or_default()
    }

    /// Those that are remembered.
    pub(super) fn classes(&self) -> impl Iterator<Item = Class> {
        self.classes.keys().copied()
    }
}

#[cfg(test)]
mod tests;
