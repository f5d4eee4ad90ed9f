//! What was made to wait for calls on a daemon, whichever host made it.

use simulay_containers::ContainerError;

use super::DockerContainers;

/// More are counted, and not measured.
const MEASURED: usize = 16;

impl DockerContainers {
    /// How many containers of all hosts wait for calls, or serve one that they waited for, and what some take, bytes.
    ///
    /// # Errors
    /// When Docker does not answer.
    pub async fn count_warm(&self) -> Result<(usize, Vec<u64>), ContainerError> {
        let mut waiting = self.daemon.pools().await?;
        waiting.retain(|waiting| !waiting.over);
        let mut measured = Vec::new();
        for waiting in waiting.iter().take(MEASURED) {
            // One may be gone meanwhile.
            measured.extend(self.daemon.memory(&waiting.name).await.ok().flatten());
        }
        Ok((waiting.len(), measured))
    }
}
