//! Checks of Docker and of the images.

use super::{Check, State};
use crate::configuration::Settings;
use crate::terminal::size;
use crate::{compose, embedded};

/// Every check of Docker.
pub(super) async fn checks(settings: &Settings) -> Vec<Check> {
    let mut checks = findings(settings).await;
    checks.extend(images(settings).await);
    checks.extend(pool(settings).await);
    checks
}

async fn findings(settings: &Settings) -> Vec<Check> {
    match compose::preflight(settings).await {
        Ok(findings) => findings.into_iter().map(|finding| check(finding, settings)).collect(),
        Err(error) => {
            let cure = "correct the address or the certificates in the settings";
            vec![Check::bad("docker address", State::Fail, format!("{error:#}"), cure)]
        }
    }
}

fn check(finding: compose::Finding, settings: &Settings) -> Check {
    use compose::Severity;
    if let Some(risk) = compose::risk_of(&finding).filter(|_| finding.severity == Severity::Fail) {
        let cure = finding.cure.unwrap_or_default();
        return Check::risky(&finding.name, (risk, settings.accepts(risk)), finding.message, &cure);
    }
    let state = match finding.severity {
        Severity::Ok => State::Ok,
        Severity::Warn => State::Warn,
        Severity::Fail => State::Fail,
    };
    Check { name: finding.name, state, message: finding.message, cure: finding.cure }
}

async fn images(settings: &Settings) -> Vec<Check> {
    let ids = match settings.data().and_then(|data| compose::image_ids(settings, &data)) {
        Ok(ids) => ids,
        Err(error) => {
            let cure = "mend the file, or put it back from a backup";
            return vec![Check::bad("images", State::Fail, format!("{error:#}"), cure)];
        }
    };
    if ids.is_empty() {
        let cure = "register one: `simulay images register octave simulay/octave:latest`";
        return vec![Check::bad("images", State::Warn, "none is registered", cure)];
    }
    let Ok(found) = compose::images(settings, &ids).await else { return Vec::new() };
    found.iter().map(image).collect()
}

fn image(image: &simulay_containers::RegisteredImage) -> Check {
    let name = format!("image {}", image.name);
    if image.present && embedded::is_another(image.init) {
        let message =
            format!("{} has another simulay-init than this command carries, or does not say which", image.id);
        let cure = "register it anew: `simulay images refresh`";
        return Check::bad(&name, State::Warn, message, cure);
    }
    if image.present {
        return Check::ok(&name, image.id.to_string());
    }
    let cure = format!("register it again: `simulay images register {} IMAGE`", image.name);
    Check::bad(&name, State::Fail, format!("Docker does not have {}", image.id), cure)
}

/// What waits for calls here. A daemon that does not answer is told of elsewhere.
async fn pool(settings: &Settings) -> Option<Check> {
    let (bounds, count, measured) = compose::pool(settings).await.ok()?;
    let bounds = match bounds.max_containers {
        0 => "a server lets no containers wait for calls (pool.max_containers is 0)".to_owned(),
        most => format!(
            "a server lets at most {most} containers wait for calls, {} of a kind, in {}",
            bounds.max_per_class,
            size(bounds.max_memory_bytes)
        ),
    };
    let each =
        measured.iter().max().map(|most| format!(", at most {} each", size(*most))).unwrap_or_default();
    Some(Check::ok("pool", format!("{bounds}; {count} wait or serve one on this daemon now{each}")))
}
