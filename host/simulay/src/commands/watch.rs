//! What a server looks after beside its runs: the daemon it found, the images, and the containers of
//! commands that were killed.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::compose::{self, Finding, ImageIds, Severity};
use crate::configuration::Settings;
use crate::embedded;

/// Until Docker is there.
const WAIT: Duration = Duration::from_secs(5);
const PERIOD: Duration = Duration::from_secs(60);

/// Judges the daemon once it is there, then looks for orphans until the server ends. A daemon that lacks a
/// safeguard ends the server with an error.
pub(super) async fn docker(
    settings: Settings,
    images: ImageIds,
    mut findings: Vec<Finding>,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    warn(&findings);
    while !compose::is_there(&findings) {
        tokio::time::sleep(WAIT).await;
        findings = compose::check_daemon(&settings).await.inspect_err(|_| stop.cancel())?;
        if compose::is_there(&findings) {
            warn(&findings);
        }
    }
    warn_of_images(&settings, &images).await;
    loop {
        if let Err(error) = compose::remove_orphans(&settings).await {
            tracing::debug!(%error, "containers whose process is gone are not looked for");
        }
        tokio::time::sleep(PERIOD).await;
    }
}

/// Writes into the log what `simulay doctor` would warn of.
fn warn(findings: &[Finding]) {
    for finding in findings.iter().filter(|finding| finding.severity != Severity::Ok) {
        let cure = finding.cure.as_deref().unwrap_or_default();
        tracing::warn!(cure, "{}: {}", finding.name, finding.message);
    }
}

async fn warn_of_images(settings: &Settings, images: &ImageIds) {
    let Ok(found) = compose::images(settings, images).await else { return };
    for image in found.iter().filter(|image| image.present && embedded::is_another(image.init)) {
        tracing::warn!(
            cure = "simulay images refresh",
            "image {} has another simulay-init than this command carries, or does not say which",
            image.name
        );
    }
}
