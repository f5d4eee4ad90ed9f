//! The one function that says what Docker is asked to create: constants, an admitted call and a
//! name the host made. Nothing a plugin wrote is merged into it.

use std::collections::HashMap;

use bollard::models::{ContainerCreateBody, HealthConfig};
use bollard::models::{
    HostConfig, HostConfigCgroupnsModeEnum, HostConfigLogConfig, ResourcesUlimits, RestartPolicy,
    RestartPolicyNameEnum,
};
use simulay_containers::{Admitted, TMP_MIB};
use simulay_init::frames::PATIENCE_VARIABLE;
use simulay_init::reserve::{RESERVE_BYTES, RESERVE_FILES};
use simulay_model::ContainerName;
use uuid::Uuid;

use crate::Owner;
use crate::class::Class;

/// Labels every container of an instance carries its UUID under.
pub(crate) const INSTANCE_LABEL: &str = "org.simulay.instance";
/// Labels containers that wait for a call, or did, carry the life of their host under.
pub(crate) const POOL_LABEL: &str = "org.simulay.pool";
/// Labels containers in which calls follow each other, each a process of its own.
pub(crate) const FORK_LABEL: &str = "org.simulay.isolation";
/// Labels containers that go with a process carry it under.
pub(crate) const OWNER_LABEL: &str = "org.simulay.owner";

const SECCOMP: &str = include_str!("seccomp.json");
const USER: &str = "65532:65532";
const USER_NUMBER: u32 = 65_532;
const ROOT: &str = "0:0";
const ROOT_NUMBER: u32 = 0;
/// What init needs to make each call a user of its own, and to give it the working directory.
const RIGHTS_OF_INIT: [&str; 3] = ["CHOWN", "SETGID", "SETUID"];
/// What a container may have.
const PROCESSES: i64 = 128;
/// What there is besides where calls follow each other: the command that has them as children, its thread for signals,
/// and init's for those of the call.
const BESIDE_FORKS: i64 = 3;
const MIB: u64 = 1 << 20;
const SHM_MIB: u64 = 16;
/// Much longer than a host leaves one that waits alone.
const PATIENCE_SECONDS: u32 = 300;
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
    let mut env = golden_environment(Class::of(call, place.cpus));
    env.retain(|(key, _)| !call.env().contains_key(key));
    env.extend(call.env().iter().map(|(key, value)| (key.clone(), value.clone())));
    env
}

/// The body of the request that creates the container `name` for `call`.
pub(crate) fn body(name: ContainerName, call: &Admitted, place: Place) -> ContainerCreateBody {
    let labels = labels(name, place);
    ContainerCreateBody {
        cmd: Some(call.command().to_vec()),
        labels: Some(labels),
        ..golden(Class::of(call, place.cpus), place)
    }
}

/// The body of the request that creates a container which waits for any call of `class`, in this life of the
/// host. But for its labels, and a command that nobody reads, it is that of every container of the class.
pub(crate) fn warm_body(class: Class, life: Uuid, place: Place) -> ContainerCreateBody {
    let labels = whose(place).chain([(POOL_LABEL.to_owned(), life.to_string())]).collect();
    let mut body = ContainerCreateBody { labels: Some(labels), ..golden(class, place) };
    // Init reads it, and no command ever sees it: the host may be gone for good.
    body.env.iter_mut().for_each(|env| env.push(format!("{PATIENCE_VARIABLE}={PATIENCE_SECONDS}")));
    body
}

/// The body of the request that creates a container in which calls follow each other. It is that of one which waits
/// for any call, but that its init is root, with a few rights, and has a command beside that of the call.
pub(crate) fn fork_body(class: Class, life: Uuid, place: Place) -> ContainerCreateBody {
    let mut body = warm_body(class, life, place);
    body.user = Some(ROOT.to_owned());
    body.labels.iter_mut().for_each(|labels| drop(labels.insert(FORK_LABEL.to_owned(), String::new())));
    if let Some(host) = &mut body.host_config {
        host.cap_add = Some(RIGHTS_OF_INIT.map(str::to_owned).into());
        host.pids_limit = Some(PROCESSES + BESIDE_FORKS);
        host.tmpfs = Some(tmpfs(class, ROOT_NUMBER));
    }
    body
}

/// All that does not depend on whose the container is.
fn golden(class: Class, place: Place) -> ContainerCreateBody {
    let env = golden_environment(class);
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
        healthcheck: Some(HealthConfig { test: Some(vec!["NONE".to_owned()]), ..Default::default() }),
        image: Some(class.image.to_string()),
        working_dir: Some("/sim".to_owned()),
        entrypoint: Some(vec!["/simulay-init".to_owned()]),
        network_disabled: Some(true),
        stop_signal: Some("SIGTERM".to_owned()),
        stop_timeout: Some(10),
        host_config: Some(host_config(class, place.runtime)),
        ..Default::default()
    }
}

fn host_config(class: Class, runtime: Runtime) -> HostConfig {
    let memory = signed(class.memory_bytes);
    HostConfig {
        memory: Some(memory),
        memory_swap: Some(memory),
        nano_cpus: Some(i64::from(class.cpu_milli) * 1_000_000),
        pids_limit: Some(PROCESSES),
        ulimits: Some(ulimits()),
        oom_score_adj: Some(500),
        shm_size: Some(signed(SHM_MIB * MIB + RESERVE_BYTES)),
        tmpfs: Some(tmpfs(class, USER_NUMBER)),
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
        runtime: Some(runtime.as_str().to_owned()),
        ..Default::default()
    }
}

fn labels(name: ContainerName, place: Place) -> HashMap<String, String> {
    let ContainerName { run, step, call, attempt } = name;
    let of_attempt = [
        ("org.simulay.run".to_owned(), run.to_string()),
        ("org.simulay.step".to_owned(), step.to_string()),
        ("org.simulay.call".to_owned(), call.to_string()),
        ("org.simulay.attempt".to_owned(), attempt.to_string()),
    ];
    whose(place).chain(of_attempt).collect()
}

/// Whose container it is.
fn whose(Place { instance, owner, .. }: Place) -> impl Iterator<Item = (String, String)> {
    let owner = owner.map(|owner| (OWNER_LABEL.to_owned(), owner.to_string()));
    [(INSTANCE_LABEL.to_owned(), instance.to_string())].into_iter().chain(owner)
}

fn golden_environment(class: Class) -> Vec<(String, String)> {
    let threads = (class.cpu_milli / 1000).max(1).to_string();
    [("PATH", "/usr/bin:/bin"), ("HOME", "/sim"), ("LC_ALL", "C.UTF-8"), ("OMP_NUM_THREADS", &threads)]
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .into()
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
fn tmpfs(class: Class, owner: u32) -> HashMap<String, String> {
    let room = |bytes, files| {
        format!("rw,nosuid,nodev,size={},nr_inodes={}", bytes + RESERVE_BYTES, files + RESERVE_FILES)
    };
    let scratch = room(u64::from(class.scratch_mib) * MIB, SCRATCH_FILES);
    let scratch = format!("{scratch},uid={owner},gid={owner},mode=0700");
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
