//! What is tidied up every now and then.

use std::time::Duration;

use simulay_store::StoreError;

use crate::{Collected, Kept, Parts, RetentionRules, collect, repeat};

const PERIOD: Duration = Duration::from_secs(3600);

/// Tidies up until the host stops.
pub(crate) async fn forever(parts: Parts, kept: Option<Kept>, rules: RetentionRules) {
    loop {
        if let Err(error) = once(&parts, kept.as_ref(), &rules).await {
            tracing::warn!(%error, "what is old is not removed yet");
        }
        tokio::time::sleep(PERIOD).await;
    }
}

async fn once(parts: &Parts, kept: Option<&Kept>, rules: &RetentionRules) -> Result<(), StoreError> {
    let Some(kept) = kept.filter(|_| !rules.keep_all()) else {
        return repeat::forget(&*parts.requests, parts.clock.now()).await;
    };
    let Collected { runs, files, blobs, bytes, left } = collect(kept, rules, false).await?;
    tracing::info!(runs, files, blobs, bytes, left, "what is old was removed");
    Ok(())
}
