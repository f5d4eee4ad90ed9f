//! Many worlds.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use simulay_blobs_object_store::ObjectBlobs;
use simulay_store_sqlite::SqliteStore;

use crate::database::Store;
use crate::database::in_memory;
use crate::story::Story;
use crate::world::WorldClock;

/// Worlds in the tests.
const SEEDS: u64 = 2000;

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|text| text.parse().expect("a number"))
}

/// Memory, where there is some: durability is not what these tests are about.
fn directory() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory).unwrap() } else { tempfile::tempdir().unwrap() }
}

/// How the world of a seed went, in short: containers started, accepted runs.
type Course = (Vec<String>, usize);

fn unfold(seed: u64, open: &dyn Fn(WorldClock) -> Store) -> Course {
    let mut story = Story::new(seed);
    story.unfold(open);
    let starts = story.daemon.starts().iter().map(ToString::to_string).collect();
    (starts, story.accepted.len())
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
    log.with_ansi(false).with_test_writer().init();
}

#[test]
fn no_world_breaks_a_promise() {
    if let Some(seed) = number("SIMULAY_SEED") {
        begin_log();
        let (starts, accepted) = quickly(seed);
        println!("seed {seed}: {accepted} runs accepted, {} containers started", starts.len());
        return;
    }
    let (begun, seeds) = (Instant::now(), number("SIMULAY_SEEDS").unwrap_or(SEEDS));
    let (next, runs, starts) = (AtomicU64::new(0), AtomicU64::new(0), AtomicU64::new(0));
    let broken = std::sync::Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds {
                        return;
                    }
                    match catch_unwind(AssertUnwindSafe(|| quickly(seed))) {
                        Ok((started, accepted)) => {
                            runs.fetch_add(accepted as u64, Ordering::Relaxed);
                            starts.fetch_add(started.len() as u64, Ordering::Relaxed);
                        }
                        Err(_) => broken.lock().unwrap().push(seed),
                    }
                }
            });
        }
    });
    let time = begun.elapsed().as_secs_f64();
    let (runs, starts, broken) = (runs.into_inner(), starts.into_inner(), broken.into_inner().unwrap());
    println!("{seeds} seeds, {runs} runs accepted, {starts} containers started, in {time:.1} s");
    println!("{:.0} seeds per second", seeds as f64 / time);
    assert!(broken.is_empty(), "broken with SIMULAY_SEED = {broken:?}");
}

#[test]
fn a_seed_is_the_same_world_each_time_and_over_each_store() {
    for seed in 100_000..100_020 {
        let course = quickly(seed);
        assert_eq!(course, quickly(seed), "seed {seed}");
        assert_eq!(course, for_real(seed), "seed {seed}, over the real store");
    }
}
