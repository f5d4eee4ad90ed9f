//! What must be so before plugins and containers work here, unless the operator accepts that it is not.

use anyhow::Context as _;

use super::docker::preflight;
use super::{Finding, Severity, confinement};
use crate::configuration::Settings;
use crate::risks::Risk;

/// Refuses to work where plugin code is not confined.
pub(crate) async fn check_sandbox(settings: &Settings) -> anyhow::Result<()> {
    if settings.accepts(Risk::UnconfinedSandbox) {
        return Ok(());
    }
    let restrictions = confinement().await.context("no worker of the sandbox starts")?;
    let missing = restrictions.iter().filter(|restriction| restriction.is_missing());
    let wrong: Vec<_> = missing
        .map(|restriction| {
            let why = restriction.refused.as_deref().unwrap_or_default();
            (format!("plugins would run without {}: {why}", restriction.name), restriction.cure.clone())
        })
        .collect();
    if wrong.is_empty() { Ok(()) } else { Err(Risk::UnconfinedSandbox.refusal(&wrong).into()) }
}

/// Refuses a daemon that lacks a safeguard; gives what else there is to say of it. One that is away is
/// judged once it is there.
pub(crate) async fn check_daemon(settings: &Settings) -> anyhow::Result<Vec<Finding>> {
    let findings = preflight(settings).await?;
    for finding in findings.iter().filter(|finding| finding.severity == Severity::Fail) {
        if let Some(risk) = risk_of(finding).filter(|risk| !settings.accepts(*risk)) {
            let what = format!("Docker's {}: {}", finding.name, finding.message);
            let wrong = [(what, finding.cure.clone().unwrap_or_default())];
            return Err(risk.refusal(&wrong).into());
        }
    }
    Ok(findings)
}

/// True when Docker answered.
pub(crate) fn is_there(findings: &[Finding]) -> bool {
    findings.iter().any(|finding| finding.name == "engine")
}

/// What an operator may accept of a finding.
pub(crate) fn risk_of(finding: &Finding) -> Option<Risk> {
    match finding.name.as_str() {
        "seccomp" => Some(Risk::UnfilteredContainers),
        "limits" => Some(Risk::UnboundedContainers),
        _ => None,
    }
}
