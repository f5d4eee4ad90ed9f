//! What an operator should know of a daemon before relying on it.

use bollard::models::{SystemInfo, SystemInfoCgroupVersionEnum, SystemVersion};

use super::daemon::{Daemon, DaemonError};
use crate::spec::Runtime;

/// From this version on, no known hole in the engine lets a container reach its host.
const ENGINE: [u32; 3] = [29, 7, 0];
/// The same for runc, by its two lines.
const RUNC: [[u32; 3]; 2] = [[1, 2, 8], [1, 3, 3]];

/// A fact about the daemon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What it is about.
    pub name: String,
    /// How much it matters.
    pub severity: Severity,
    /// What was found.
    pub message: String,
    /// What mends it.
    pub cure: Option<String>,
}

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// As it should be.
    Ok,
    /// Works; a safeguard is missing.
    Warn,
    /// Does not work, or is not safe.
    Fail,
}

/// Asks the daemon and judges the answers.
pub(super) async fn findings(daemon: &Daemon, runtime: Runtime) -> Vec<Finding> {
    match asked(daemon).await {
        Ok((version, info)) => judge(&version, &info, runtime),
        Err(error) => {
            let cure = "start Docker, or correct its address; you may lack the right to use its socket";
            vec![finding("docker", Severity::Fail, error.to_string(), Some(cure))]
        }
    }
}

async fn asked(daemon: &Daemon) -> Result<(SystemVersion, SystemInfo), DaemonError> {
    Ok((daemon.version().await?, daemon.info().await?))
}

fn judge(version: &SystemVersion, info: &SystemInfo, wanted: Runtime) -> Vec<Finding> {
    let mut findings = vec![engine(version)];
    findings.extend(runc(version));
    findings.extend([
        runtime(info, wanted),
        architecture(info),
        seccomp(info),
        limits(info),
        cgroup(info),
        live_restore(info),
    ]);
    findings
}

fn engine(version: &SystemVersion) -> Finding {
    let text = version.version.clone().unwrap_or_default();
    match numbers(&text) {
        Some(found) if found >= ENGINE => finding("engine", Severity::Ok, text, None),
        Some(_) => {
            let holes = "has known holes (CVE-2026-41567, CVE-2026-41568, CVE-2026-17106); \
                         Simulay does not use what they are in";
            let cure = "upgrade Docker Engine to 29.7.0 or later";
            finding("engine", Severity::Warn, format!("{text} {holes}"), Some(cure))
        }
        None => finding("engine", Severity::Warn, format!("`{text}` is no version that is understood"), None),
    }
}

fn runc(version: &SystemVersion) -> Option<Finding> {
    let component = version.components.iter().flatten().find(|component| component.name == "runc")?;
    let text = component.version.clone();
    let sound = numbers(&text).is_some_and(|found| match RUNC {
        [old, _] if found.starts_with(&[1, 2]) => found >= old,
        [_, new] => found >= new,
    });
    if sound {
        return Some(finding("runc", Severity::Ok, text, None));
    }
    let holes = "has known holes (CVE-2025-31133, CVE-2025-52565, CVE-2025-52881)";
    let cure = "upgrade runc to 1.2.8, 1.3.3 or later";
    Some(finding("runc", Severity::Warn, format!("{text} {holes}"), Some(cure)))
}

fn runtime(info: &SystemInfo, wanted: Runtime) -> Finding {
    let known = info.runtimes.as_ref().is_none_or(|known| known.contains_key(wanted.as_str()));
    if known {
        return finding("runtime", Severity::Ok, wanted.as_str(), None);
    }
    let message = format!("Docker has no runtime `{}`", wanted.as_str());
    finding("runtime", Severity::Fail, message, Some("install it, or set docker.runtime to another"))
}

fn architecture(info: &SystemInfo) -> Finding {
    let found = info.architecture.clone().unwrap_or_default();
    if found == "x86_64" {
        return finding("architecture", Severity::Ok, found, None);
    }
    let message = format!("{found}: the seccomp profile is for x86_64");
    finding("architecture", Severity::Fail, message, Some("use a daemon on an x86_64 machine"))
}

fn seccomp(info: &SystemInfo) -> Finding {
    if info.security_options.iter().flatten().any(|option| option.contains("name=seccomp")) {
        return finding("seccomp", Severity::Ok, "on", None);
    }
    let cure = "use a kernel and a Docker Engine built with seccomp";
    finding("seccomp", Severity::Fail, "off: containers may make any system call", Some(cure))
}

fn limits(info: &SystemInfo) -> Finding {
    let all = [
        ("memory", info.memory_limit),
        ("swap", info.swap_limit),
        ("CPU", info.cpu_cfs_quota),
        ("process", info.pids_limit),
    ];
    let missing: Vec<_> =
        all.into_iter().filter(|(_, there)| *there == Some(false)).map(|(name, _)| name).collect();
    if missing.is_empty() {
        return finding("limits", Severity::Ok, "memory, swap, CPU and process limits work", None);
    }
    let message = format!("no {} limit", missing.join(", no "));
    finding("limits", Severity::Fail, message, Some("enable the cgroup controllers in the kernel"))
}

fn cgroup(info: &SystemInfo) -> Finding {
    if info.cgroup_version == Some(SystemInfoCgroupVersionEnum::_2) {
        return finding("cgroup", Severity::Ok, "version 2", None);
    }
    let cure = "boot with systemd.unified_cgroup_hierarchy=1";
    finding("cgroup", Severity::Warn, "version 1, which the kernel no longer develops", Some(cure))
}

fn live_restore(info: &SystemInfo) -> Finding {
    if info.live_restore_enabled == Some(true) {
        return finding("live-restore", Severity::Ok, "on", None);
    }
    let message = "off: a restart of Docker ends the containers at work, which are then run again";
    let cure = "set \"live-restore\": true in /etc/docker/daemon.json";
    finding("live-restore", Severity::Warn, message, Some(cure))
}

fn finding(name: &str, severity: Severity, message: impl Into<String>, cure: Option<&str>) -> Finding {
    Finding { name: name.to_owned(), severity, message: message.into(), cure: cure.map(str::to_owned) }
}

/// The first three numbers of a version such as `20.10.24+dfsg1`.
fn numbers(version: &str) -> Option<[u32; 3]> {
    let plain = version.split(['+', '-', '~']).next()?;
    let mut parts = plain.split('.').map(|part| part.parse().ok());
    Some([parts.next()??, parts.next()??, parts.next().unwrap_or(Some(0))?])
}

#[cfg(test)]
mod tests {
    use bollard::models::SystemVersionComponents;

    use super::*;

    fn version(engine: &str, runc: &str) -> SystemVersion {
        let runc = SystemVersionComponents { name: "runc".into(), version: runc.into(), details: None };
        SystemVersion { version: Some(engine.into()), components: Some(vec![runc]), ..Default::default() }
    }

    #[test]
    fn known_bad_versions_are_named_with_their_holes_and_cure() {
        let found = engine(&version("20.10.24+dfsg1", ""));
        assert_eq!(found.severity, Severity::Warn);
        assert!(found.message.contains("CVE-2026-41567") && found.cure.unwrap().contains("29.7.0"));
        assert_eq!(engine(&version("29.7.0", "")).severity, Severity::Ok);
        assert_eq!(engine(&version("29.6.9-rc.1", "")).severity, Severity::Warn);
        assert_eq!(engine(&version("dev", "")).severity, Severity::Warn);
        for (text, severity) in [
            ("1.1.5+ds1", Severity::Warn),
            ("1.2.7", Severity::Warn),
            ("1.2.8", Severity::Ok),
            ("1.3.2", Severity::Warn),
            ("1.3.3", Severity::Ok),
            ("1.4.0", Severity::Ok),
        ] {
            assert_eq!(runc(&version("", text)).map(|found| found.severity), Some(severity), "{text}");
        }
    }

    #[test]
    fn a_daemon_without_safeguards_fails() {
        let info = SystemInfo { pids_limit: Some(false), ..Default::default() };
        assert_eq!(seccomp(&info).severity, Severity::Fail);
        assert_eq!(limits(&info).message, "no process limit");
        assert_eq!(architecture(&info).severity, Severity::Fail);
        assert_eq!(live_restore(&info).severity, Severity::Warn);
        let known = [("runc".to_owned(), bollard::models::Runtime::default())].into();
        let info = SystemInfo { runtimes: Some(known), ..Default::default() };
        assert_eq!(runtime(&info, Runtime::Runc).severity, Severity::Ok);
        assert_eq!(runtime(&info, Runtime::Runsc).severity, Severity::Fail);
    }
}
