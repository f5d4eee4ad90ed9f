//! The one function that says what Docker is asked to create: constants, an admitted call and a
//! name the host made. Nothing a plugin wrote is merged into it.

use std::collections::HashMap;

use bollard::models::{ContainerCreateBody, HealthConfig};
use bollard::models::{
    HostConfig, HostConfigCgroupnsModeEnum, HostConfigLogConfig, ResourcesUlimits, RestartPolicy,
    RestartPolicyNameEnum,
};
use simulay_containers::{Admitted, TMP_MIB};
use simulay_init::reserve::{RESERVE_BYTES, RESERVE_FILES};
use simulay_model::ContainerName;
use uuid::Uuid;

use crate::Owner;

/// Labels every container of an instance carries its UUID under.
pub(crate) const INSTANCE_LABEL: &str = "org.simulay.instance";
/// Labels containers that go with a process carry it under.
pub(crate) const OWNER_LABEL: &str = "org.simulay.owner";

const SECCOMP: &str = include_str!("seccomp.json");
const USER: &str = "65532:65532";
const MIB: u64 = 1 << 20;
const SHM_MIB: u64 = 16;
/// Files in the working directory, and in `/tmp`.
const SCRATCH_FILES: u64 = 64 << 10;
const TMP_FILES: u64 = 8 << 10;

/// What starts containers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Runtime {
    /// The usual one.
    #[default]
    Runc,
    /// gVisor.
    Runsc,
}

impl Runtime {
    /// Docker's name for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Runc => "runc",
            Self::Runsc => "runsc",
        }
    }
}

/// Where a container will be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    pub(crate) instance: Uuid,
    /// The process it goes with, when it does.
    pub(crate) owner: Option<Owner>,
    pub(crate) runtime: Runtime,
    /// CPUs of the daemon's machine: Docker refuses to grant more.
    pub(crate) cpus: u32,
}

/// The whole environment of the command.
pub(crate) fn environment(call: &Admitted, place: Place) -> Vec<(String, String)> {
    let mut env = golden_environment(call, place);
    env.retain(|(key, _)| !call.env().contains_key(key));
    env.extend(call.env().iter().map(|(key, value)| (key.clone(), value.clone())));
    env
}

/// The body of the request that creates the container `name` for `call`.
pub(crate) fn body(name: ContainerName, call: &Admitted, place: Place) -> ContainerCreateBody {
    let env = golden_environment(call, place);
    ContainerCreateBody {
        hostname: Some("simulay".to_owned()),
        user: Some(USER.to_owned()),
        attach_stdin: Some(true),
        attach_stdout: Some(true),
        attach_stderr: Some(true),
        tty: Some(false),
        open_stdin: Some(true),
        stdin_once: Some(false),
        env: Some(env.into_iter().map(|(key, value)| format!("{key}={value}")).collect()),
        cmd: Some(call.command().to_vec()),
        healthcheck: Some(HealthConfig { test: Some(vec!["NONE".to_owned()]), ..Default::default() }),
        image: Some(call.image().to_string()),
        working_dir: Some("/sim".to_owned()),
        entrypoint: Some(vec!["/simulay-init".to_owned()]),
        network_disabled: Some(true),
        labels: Some(labels(name, place)),
        stop_signal: Some("SIGTERM".to_owned()),
        stop_timeout: Some(10),
        host_config: Some(host_config(call, place)),
        ..Default::default()
    }
}

fn host_config(call: &Admitted, place: Place) -> HostConfig {
    let memory = signed(call.memory_bytes());
    HostConfig {
        memory: Some(memory),
        memory_swap: Some(memory),
        nano_cpus: Some(i64::from(cpu_milli(call, place)) * 1_000_000),
        pids_limit: Some(128),
        ulimits: Some(ulimits()),
        oom_score_adj: Some(500),
        shm_size: Some(signed(SHM_MIB * MIB + RESERVE_BYTES)),
        tmpfs: Some(tmpfs(call)),
        init: Some(false),
        auto_remove: Some(false),
        restart_policy: Some(RestartPolicy {
            name: Some(RestartPolicyNameEnum::NO),
            maximum_retry_count: None,
        }),
        log_config: Some(log_config()),
        network_mode: Some("none".to_owned()),
        readonly_rootfs: Some(true),
        privileged: Some(false),
        cap_drop: Some(vec!["ALL".to_owned()]),
        security_opt: Some(vec!["no-new-privileges:true".to_owned(), format!("seccomp={SECCOMP}")]),
        ipc_mode: Some("private".to_owned()),
        cgroupns_mode: Some(HostConfigCgroupnsModeEnum::PRIVATE),
        runtime: Some(place.runtime.as_str().to_owned()),
        ..Default::default()
    }
}

fn labels(name: ContainerName, Place { instance, owner, .. }: Place) -> HashMap<String, String> {
    let ContainerName { run, step, call, attempt } = name;
    let labels = HashMap::from([
        (INSTANCE_LABEL.to_owned(), instance.to_string()),
        ("org.simulay.run".to_owned(), run.to_string()),
        ("org.simulay.step".to_owned(), step.to_string()),
        ("org.simulay.call".to_owned(), call.to_string()),
        ("org.simulay.attempt".to_owned(), attempt.to_string()),
    ]);
    let owner = owner.map(|owner| (OWNER_LABEL.to_owned(), owner.to_string()));
    labels.into_iter().chain(owner).collect()
}

fn golden_environment(call: &Admitted, place: Place) -> Vec<(String, String)> {
    let threads = (cpu_milli(call, place) / 1000).max(1).to_string();
    [("PATH", "/usr/bin:/bin"), ("HOME", "/sim"), ("LC_ALL", "C.UTF-8"), ("OMP_NUM_THREADS", &threads)]
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .into()
}

fn cpu_milli(call: &Admitted, place: Place) -> u32 {
    call.resources().cpu_milli.min(place.cpus.max(1).saturating_mul(1000))
}

fn scratch_bytes(call: &Admitted) -> u64 {
    u64::from(call.resources().scratch_mib) * MIB
}

/// The size of a file has no bound of its own, which would cut files without a word: they lie in a tmpfs.
fn ulimits() -> Vec<ResourcesUlimits> {
    [("nofile", 1024), ("core", 0)]
        .map(|(name, value)| ResourcesUlimits {
            name: Some(name.to_owned()),
            soft: Some(value),
            hard: Some(value),
        })
        .into()
}

/// Each has a reserve on top, by which init sees that it was filled.
fn tmpfs(call: &Admitted) -> HashMap<String, String> {
    let room = |bytes, files| {
        format!("rw,nosuid,nodev,size={},nr_inodes={}", bytes + RESERVE_BYTES, files + RESERVE_FILES)
    };
    let scratch = format!("{},uid=65532,gid=65532,mode=0700", room(scratch_bytes(call), SCRATCH_FILES));
    let tmp = format!("{},noexec,mode=1777", room(TMP_MIB * MIB, TMP_FILES));
    HashMap::from([("/tmp".to_owned(), tmp), ("/sim".to_owned(), scratch)])
}

/// Docker keeps nothing of what is told: init tells it again to whoever attaches.
fn log_config() -> HostConfigLogConfig {
    HostConfigLogConfig { typ: Some("none".to_owned()), config: Some(HashMap::new()) }
}

fn signed(bytes: u64) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
