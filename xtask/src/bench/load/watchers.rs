//! Many who follow runs of one host: nothing comes late, and they take little memory.

use std::time::Duration;

use super::super::crowd::{self, PIPELINE, Seen};
use super::super::figures::{Target, show};
use super::{MIB, Scene, cancel_all, data};
use crate::holding::Holding;
use crate::rest::Host;

/// Lets `watchers` follow runs for `time`.
pub(super) fn measure(scene: &Scene<'_>, watchers: usize, time: Duration) -> anyhow::Result<()> {
    println!("\n{watchers} who watch, for {} s", time.as_secs());
    let data = data("")?;
    let server = scene.start(&data)?;
    scene.upload(&server, &[PIPELINE])?;
    let before = Holding::of(server.pid())?;
    let mut most = before.bytes;
    let look = || {
        most = most.max(Holding::of(server.pid())?.bytes);
        Ok(())
    };
    let Seen { mut times, returns } = crowd::follow_runs(&[Host::new(server.url())], watchers, time, look)?;
    println!("  {} events came, {returns} came back; no gap, none twice", times.count());
    show("delivery of an event, p99", times.within(990), "ms", &Target::Below(500.0));
    let more = most.saturating_sub(before.bytes) as f64 / MIB;
    show("more memory than before", more, "MiB", &Target::Below(32.0));
    cancel_all(server.url())?;
    server.stop()
}
