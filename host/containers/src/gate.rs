//! The way into a container runtime, which is closed once.

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::ContainerError;

/// Lets calls pass until it is closed.
#[derive(Debug, Default)]
pub struct Gate {
    closing: CancellationToken,
    inside: TaskTracker,
}

impl Gate {
    /// What `call` comes to.
    ///
    /// # Errors
    /// Its own; [`ContainerError::Closed`] when the gate is or gets closed, which drops `call` where it stands.
    pub async fn pass<T>(
        &self,
        call: impl Future<Output = Result<T, ContainerError>>,
    ) -> Result<T, ContainerError> {
        let _inside = self.inside.token();
        let ended = self.closing.run_until_cancelled(call).await;
        ended.unwrap_or(Err(ContainerError::Closed))
    }

    /// Lets no more calls pass, and returns once those inside are dropped.
    pub async fn close(&self) {
        self.closing.cancel();
        self.inside.close();
        self.inside.wait().await;
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use super::*;

    #[tokio::test]
    async fn calls_pass_until_it_is_closed_and_are_dropped_then() {
        let gate = Gate::default();
        assert!(matches!(gate.pass(ready(Ok(7))).await, Ok(7)));
        let (dropped, ()) = tokio::join!(gate.pass(pending::<Result<(), _>>()), gate.close());
        assert!(matches!(dropped, Err(ContainerError::Closed)));
        gate.close().await;
        assert!(matches!(gate.pass(ready(Ok(7))).await, Err(ContainerError::Closed)));
    }
}
