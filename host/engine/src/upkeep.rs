//! What is tidied up every now and then.

use std::time::Duration;

use crate::{Parts, repeat};

const PERIOD: Duration = Duration::from_secs(3600);

/// Tidies up until the host stops.
pub(crate) async fn forever(parts: Parts) {
    loop {
        if let Err(error) = repeat::forget(&parts).await {
            tracing::warn!(%error, "requests are not forgotten yet");
        }
        tokio::time::sleep(PERIOD).await;
    }
}
