//! A large file on its way out of a container and into one, beside a SHA-256 and a write of the same bytes.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::sides::Side;
use super::{MANY_CALLS, Scene, table};
use crate::bench::runs::{median, overhead};

/// Measurements of each.
const ROUNDS: u32 = 3;
const PIECE: usize = 1 << 20;
const MB: f64 = 1e6;

pub(super) fn measure(scene: &Scene<'_>) -> anyhow::Result<()> {
    let side = Side::warm(scene, &[MANY_CALLS], &[])?;
    let bytes = scene.extent.bytes;
    let [mut floors, mut outs, mut uploads, mut ins] = [const { Vec::new() }; 4];
    // The first has a container wait for the others, and does not count.
    leave(&side, 1, 0)?;
    for round in 1..=ROUNDS {
        side.calm()?;
        floors.push(rate(bytes, floor(side.data(), bytes)?));
        outs.push(rate(bytes, leave(&side, bytes, round)?));
        side.calm()?;
        let content = content(bytes, round);
        let begun = Instant::now();
        let sha256 = side.host.input(&content)?;
        uploads.push(rate(bytes, begun.elapsed()));
        drop(content);
        ins.push(rate(bytes, take(&side, &sha256)?));
    }
    let floor = ("SHA-256 and write", median(&mut floors)?);
    let megabytes = bytes / 1_000_000;
    let row = |what: &str, rates: &mut [f64]| {
        table::row(&format!("a file of {megabytes} MB {what}"), "MB/s", median(rates)?, floor);
        anyhow::Ok(())
    };
    row("that a call leaves", &mut outs)?;
    row("that is uploaded", &mut uploads)?;
    row("that a call is given", &mut ins)?;
    side.stop()
}

fn rate(bytes: u64, time: Duration) -> f64 {
    bytes as f64 / MB / time.as_secs_f64()
}

/// The bytes of a round, which no other has.
fn content(bytes: u64, round: u32) -> Vec<u8> {
    let mut content = vec![0; usize::try_from(bytes).unwrap_or_default()];
    content.splice(..4.min(content.len()), round.to_le_bytes()).for_each(drop);
    content
}

/// What the bytes take without a container or a host: a SHA-256, and a write to the disk of the host.
fn floor(directory: &Path, bytes: u64) -> anyhow::Result<Duration> {
    let piece = vec![0_u8; PIECE];
    let begun = Instant::now();
    let (mut file, mut sha256, mut left) = (File::create(directory.join("floor"))?, Sha256::new(), bytes);
    while left > 0 {
        let (part, _) = piece.split_at(PIECE.min(usize::try_from(left)?));
        sha256.update(part);
        file.write_all(part)?;
        left -= part.len() as u64;
    }
    sha256.finalize();
    file.sync_all()?;
    Ok(begun.elapsed())
}

/// What a run takes beside its command, which leaves so many bytes.
pub(super) fn leave(side: &Side, bytes: u64, round: u32) -> anyhow::Result<Duration> {
    let program = format!("echo {round} > large; head -c {bytes} /dev/zero >> large");
    let params = json!({ "command": ["sh", "-c", program], "keep": ["large"], "scratch_mib": 1024 });
    beside(side, &json!({ "params": params, "options": { "reuse": false } }))
}

/// What a run takes beside its command, which is given what has this SHA-256 and does nothing.
fn take(side: &Side, sha256: &str) -> anyhow::Result<Duration> {
    let inputs = json!([{ "path": "large", "sha256": sha256 }]);
    let params = json!({ "scratch_mib": 1024 });
    beside(side, &json!({ "params": params, "inputs": inputs, "options": { "reuse": false } }))
}

fn beside(side: &Side, request: &Value) -> anyhow::Result<Duration> {
    Ok(Duration::from_secs_f64(overhead(&side.host, MANY_CALLS, request)?.max(0.0) / 1e3))
}
