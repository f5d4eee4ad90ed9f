//! Tells what is being set up, a plain line per step.

use std::time::Instant;

/// Says something about the set-up.
pub(crate) fn say(text: &str) {
    eprintln!("[setup] {text}");
}

/// Does a step and says how long it took.
pub(crate) fn step<T>(doing: &str, work: impl FnOnce() -> anyhow::Result<T>) -> anyhow::Result<T> {
    say(&format!("{doing} …"));
    let begun = Instant::now();
    let done = work()?;
    say(&format!("{doing}: done in {:.1} s", begun.elapsed().as_secs_f64()));
    Ok(done)
}
