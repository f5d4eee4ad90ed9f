//! SIGINT and SIGTERM: the first asks for an orderly end, the second ends at once.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

const SIGINT: i32 = 2;
const SIGTERM: i32 = 15;

/// A token that the first signal cancels.
pub(crate) fn stop() -> io::Result<CancellationToken> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let token = CancellationToken::new();
    let asked = token.clone();
    tokio::spawn(async move {
        next(&mut interrupt, &mut terminate).await;
        asked.cancel();
        let number = next(&mut interrupt, &mut terminate).await;
        std::process::exit(128 + number);
    });
    Ok(token)
}

async fn next(interrupt: &mut Signal, terminate: &mut Signal) -> i32 {
    tokio::select! {
        _ = interrupt.recv() => SIGINT,
        _ = terminate.recv() => SIGTERM,
    }
}
