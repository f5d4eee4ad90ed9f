//! Many worlds.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use simulay_blobs_object_store::ObjectBlobs;
use simulay_store_sqlite::SqliteStore;

use crate::database::{Store, in_memory};
use crate::fleet::Fleet;
use crate::judge::Course;
use crate::story::Story;
use crate::world::WorldClock;

/// Worlds in the tests.
const SEEDS: u64 = 2000;
/// Worlds in which something is asked for again.
const REPEATING: u64 = 500;
/// Worlds with a fleet in them.
const FLEETS: u64 = 50;

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|text| text.parse().expect("a number"))
}

/// Memory, where there is some: durability is not what these tests are about.
fn directory() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory).unwrap() } else { tempfile::tempdir().unwrap() }
}

/// What came of worlds.
#[derive(Default)]
struct Tally {
    accepted: usize,
    starts: usize,
    given_up: usize,
}

impl Tally {
    fn add(&mut self, other: &Self) {
        self.accepted += other.accepted;
        self.starts += other.starts;
        self.given_up += other.given_up;
    }
}

impl From<Course> for Tally {
    fn from(Course { starts, accepted, given_up }: Course) -> Self {
        Self { accepted, starts: starts.len(), given_up }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { accepted, starts, given_up } = self;
        write!(f, "{accepted} runs accepted, {starts} containers started, {given_up} runs given up")
    }
}

fn unfold(seed: u64, open: &dyn Fn(WorldClock) -> Store) -> Course {
    Story::new(seed).unfold(open)
}

/// Over a store in memory.
fn quickly(seed: u64) -> Course {
    unfold(seed, &in_memory())
}

/// Over the real store, opened anew in each life.
fn for_real(seed: u64) -> Course {
    let directory = directory();
    unfold(seed, &|clock| {
        let directory = directory.path();
        let records = SqliteStore::open(directory, Arc::new(clock), &|| Ok(Vec::new())).unwrap();
        let blobs = ObjectBlobs::open(&directory.join("blobs"), records.observed_clock()).unwrap();
        Store { records: Arc::new(records), blobs: Arc::new(blobs) }
    })
}

/// What goes on in a world that is replayed.
fn begin_log() {
    let log = tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::INFO)
        .without_time();
    // The other worlds of a seed may have begun it.
    let _ = log.with_ansi(false).with_test_writer().try_init();
}

/// Tries as many worlds as are asked for, or else so many, and tells what came of them.
fn try_many(seeds: u64, unfold: impl Fn(u64) -> Tally + Sync) -> Tally {
    if let Some(seed) = number("SIMULAY_SEED") {
        begin_log();
        println!("seed {seed}: {}", unfold(seed));
        return Tally::default();
    }
    let (begun, seeds) = (Instant::now(), number("SIMULAY_SEEDS").unwrap_or(seeds));
    let (next, sum, broken) = (AtomicU64::new(0), Mutex::new(Tally::default()), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds {
                        return;
                    }
                    match catch_unwind(AssertUnwindSafe(|| unfold(seed))) {
                        Ok(tally) => sum.lock().unwrap().add(&tally),
                        Err(_) => broken.lock().unwrap().push(seed),
                    }
                }
            });
        }
    });
    let (time, sum, broken) = (begun.elapsed(), sum.into_inner().unwrap(), broken.into_inner().unwrap());
    println!("{seeds} seeds, {sum}, in {:.1} s", time.as_secs_f64());
    println!("{:.0} seeds per second", seeds as f64 / time.as_secs_f64());
    assert!(broken.is_empty(), "broken with SIMULAY_SEED = {broken:?}");
    sum
}

#[test]
fn no_world_breaks_a_promise() {
    try_many(SEEDS, |seed| Tally::from(quickly(seed)));
}

/// Worlds whose clients ask again for what they asked for before.
#[test]
fn no_world_that_reuses_breaks_a_promise() {
    try_many(REPEATING, |seed| {
        let mut story = Story::new(seed);
        story.repeats = true;
        Tally::from(story.unfold(&in_memory()))
    });
}

#[test]
fn no_fleet_breaks_a_promise() {
    let sum = try_many(FLEETS, |seed| Tally::from(Fleet::new(seed).unfold(&in_memory())));
    assert!(sum.given_up * 50 <= sum.accepted, "too many runs are given up: {sum}");
}

#[test]
fn a_seed_is_the_same_fleet_each_time() {
    for seed in 100_000..100_005 {
        assert_eq!(
            Fleet::new(seed).unfold(&in_memory()),
            Fleet::new(seed).unfold(&in_memory()),
            "seed {seed}"
        );
    }
}

#[test]
fn a_seed_is_the_same_world_each_time_and_over_each_store() {
    for seed in 100_000..100_020 {
        let course = quickly(seed);
        assert_eq!(course, quickly(seed), "seed {seed}");
        assert_eq!(course, for_real(seed), "seed {seed}, over the real store");
    }
}
