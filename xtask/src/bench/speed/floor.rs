//! What nobody gets below on this machine.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context as _;

use super::peers::{OCTAVE, docker_read, docker_run};
use super::{Scene, table};
use crate::bench::figures::Times;

/// Runs a command so often, and prints the nanoseconds that each run took.
const TIMED: &str =
    r#"for i in $(seq "$0"); do a=$(date +%s%N); "$@" || exit; echo $(( $(date +%s%N) - a )); done"#;
/// Bytes of what is written before each fsync: a page of the store.
const PAGE: usize = 4096;

pub(super) fn measure(scene: &Scene<'_>) -> anyhow::Result<()> {
    let rounds = scene.extent.rounds;
    let directory = tempfile::tempdir()?;
    table::times_alone("one fsync of 4 KiB", &mut fsyncs(directory.path(), rounds * 10)?);
    table::times_alone("Octave's boot and a trivial program, in a container", &mut boots(rounds)?);
    let mut starts = Times::default();
    for _ in 0..rounds {
        starts.add(docker_run(&["true"])?);
    }
    table::times_alone("docker run of `true`", &mut starts);
    Ok(())
}

/// Where the data of hosts lies.
fn fsyncs(directory: &Path, count: u32) -> anyhow::Result<Times> {
    let (mut file, mut times) = (File::create(directory.join("page"))?, Times::default());
    for _ in 0..count {
        let begun = Instant::now();
        file.write_all(&[1; PAGE])?;
        file.sync_data()?;
        times.add(begun.elapsed());
    }
    Ok(times)
}

fn boots(count: u32) -> anyhow::Result<Times> {
    let rounds = count.to_string();
    let command = [&["sh", "-c", TIMED, &rounds], &OCTAVE[..]].concat();
    let mut times = Times::default();
    for line in docker_read(&command)?.lines() {
        times.add(Duration::from_nanos(line.parse().context("a time is no number")?));
    }
    Ok(times)
}
