//! Talking with a worker for as long as it may take, and no longer.

use std::io;
use std::time::Duration;

use simulay_sandbox::SandboxSettings;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::launch::{Death, Kill, Worker};
use crate::wire::Reply;

/// What a worker may take longer than its own limits before it is killed.
const GRACE: Duration = Duration::from_secs(5);

/// Why there is no answer.
pub(super) enum End {
    /// It took too long.
    Time,
    /// The worker died, or said nonsense and was killed.
    Death(Death),
}

/// Talks with a worker, for what may take `time` of CPU, on a thread that may block. A worker that breaks a
/// rule, takes too long, or whose caller goes away, is killed.
pub(super) async fn converse(
    worker: Worker,
    time: Duration,
    talk: impl FnOnce(&mut Worker) -> io::Result<Reply> + Send + 'static,
) -> Result<(Worker, Reply), End> {
    let mut guard = KillOnDrop(Some(worker.kill()));
    let task = spawn_blocking(move || {
        let mut worker = worker;
        match talk(&mut worker) {
            Ok(reply) => Ok((worker, reply)),
            Err(error) => {
                let death = worker.end();
                tracing::warn!(%error, %death, "a sandbox worker is gone");
                Err(End::Death(death))
            }
        }
    });
    let patience = SandboxSettings::wall_time(time) + GRACE;
    let outcome = timeout(patience, task).await.map_err(|_| End::Time)?;
    guard.0 = None;
    outcome.unwrap_or(Err(End::Time))
}

/// Ends a worker nobody waits for.
struct KillOnDrop(Option<Kill>);

impl Drop for KillOnDrop {
    fn drop(&mut self) {
        if let Some(kill) = &self.0 {
            kill.kill();
        }
    }
}
