//! What is looked after every now and then.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use simulay_model::{Chain, Clock};

use crate::clock_watch::{ClockJump, ClockWatch, TICK};
use crate::{Collected, EngineError, Parts, RetentionPorts, RetentionRules, collect, repeat};

/// Between two tidyings.
const PERIOD: Duration = Duration::from_secs(3600);
/// Of several hosts, one tidies up within this time.
const TURN: Duration = Duration::from_secs(3000);

/// The last jump of the clock, for who asks.
#[derive(Clone, Default)]
pub(crate) struct LastJump(Arc<Mutex<Option<ClockJump>>>);

impl LastJump {
    pub(crate) fn get(&self) -> Option<ClockJump> {
        *self.0.lock()
    }

    fn set(&self, jump: ClockJump) {
        let (at, by) = (jump.at, jump.by);
        tracing::warn!(%at, %by, "the clock jumped; what is kept ages by the time that passed, not by it");
        *self.0.lock() = Some(jump);
    }
}

/// Tidies up until the host stops.
pub(crate) async fn forever(parts: Parts, kept: Option<RetentionPorts>, rules: RetentionRules) {
    loop {
        if let Err(error) = once(&parts, kept.as_ref(), &rules).await {
            tracing::warn!(error = %Chain(&error), "what is old is not removed yet");
        }
        tokio::time::sleep(PERIOD).await;
    }
}

/// Looks at the clock until the host stops. Each host does, whatever its role: what it stores is as old as the time
/// that it saw pass.
pub(crate) async fn watch_time(clock: Arc<dyn Clock>, kept: Option<RetentionPorts>, last_jump: LastJump) {
    let mut watch = ClockWatch::new(&*clock);
    loop {
        tokio::time::sleep(TICK).await;
        let (passed, jump) = watch.look(&*clock);
        jump.into_iter().for_each(|jump| last_jump.set(jump));
        if let Some(kept) = &kept {
            observe(kept, passed).await;
        }
    }
}

/// Takes down that the host was at work; a machine that was asleep meanwhile was not.
async fn observe(kept: &RetentionPorts, passed: Duration) {
    if let Err(error) = kept.records.observe(passed.min(2 * TICK)).await {
        tracing::warn!(error = %Chain(&error), "the time that passed is not taken down yet");
    }
}

async fn once(
    parts: &Parts,
    kept: Option<&RetentionPorts>,
    rules: &RetentionRules,
) -> Result<(), EngineError> {
    let Some(kept) = kept.filter(|_| !rules.keep_all()) else {
        return Ok(repeat::forget(&*parts.requests).await?);
    };
    if !kept.records.begin_collecting(TURN).await? {
        return Ok(());
    }
    let Collected { runs, files, blobs, bytes, left } = collect(kept, rules, false).await?;
    tracing::info!(runs, files, blobs, bytes, left, "what is old was removed");
    Ok(())
}
