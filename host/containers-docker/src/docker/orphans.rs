//! Containers that went with a process which was killed.

use simulay_containers::ContainerError;

use super::DockerContainers;
use crate::Owner;

impl DockerContainers {
    /// Removes the containers, of whatever instance, whose process is gone for certain; tells how many.
    ///
    /// # Errors
    /// When Docker does not answer.
    pub async fn remove_orphans(&self) -> Result<usize, ContainerError> {
        let here = Owner::this_process().map_err(ContainerError::Exchange)?;
        let mut removed = 0;
        for (id, owner) in self.daemon.owned().await? {
            if owner.is_gone(&here) {
                tracing::info!(container = %id, %owner, "removing a container whose process is gone");
                // Another command may be at it as well; what stays is found by the next one.
                match self.daemon.remove(&id).await {
                    Ok(()) => removed += 1,
                    Err(error) => tracing::warn!(container = %id, %error, "the container stays"),
                }
            }
        }
        Ok(removed)
    }
}
