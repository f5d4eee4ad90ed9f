//! The operator's limits as the parts take them; what is not set keeps its default.

use std::time::Duration;

use simulay_api::ApiSettings;
use simulay_containers::{Capacity, Limits};
use simulay_containers_docker::PoolSettings;
use simulay_engine::{Backoff, PluginPolicy, RetentionRules, ReuseAmong, Settings as EngineSettings};
use simulay_identity::GroupRoles;
use simulay_model::{Quota, Quotas, Resources};
use simulay_rates::Rate;
use simulay_sandbox::SandboxSettings;

use super::process;
use crate::configuration::{Approval, AuthMode, Container, Network, Oidc, Pool, Reuse, Settings};
use crate::descriptors;
use crate::risks::Risk;

const HOUR: Duration = Duration::from_secs(3600);

/// Containers of one run at work at once, in a cluster.
const CONTAINERS_OF_RUN: usize = 256;

/// Containers that wait, per core.
const POOL_PER_CORE: u32 = 2;

/// Where there are accounts, each may fill one such part of the queue.
const PARTS_OF_QUEUE: usize = 4;

/// What runs may take together, and what happens to plugins.
pub(super) fn of_engine(settings: &Settings) -> EngineSettings {
    let (runs, usual) = (&settings.runs, EngineSettings::default());
    let max_containers = runs.max_containers.unwrap_or(usual.max_containers);
    let max_unfinished_runs = runs.max_unfinished.unwrap_or(usual.max_unfinished_runs);
    EngineSettings {
        max_unfinished_runs,
        quotas: of_quotas(settings),
        max_parsed_bytes: runs.max_parsed_bytes.unwrap_or(usual.max_parsed_bytes),
        max_active_runs: runs.max_active.unwrap_or(usual.max_active_runs),
        max_containers,
        newcomer_percent: runs.newcomer_percent.unwrap_or(usual.newcomer_percent),
        max_containers_per_run: runs.max_containers_per_run.unwrap_or(max_containers),
        max_steps: runs.max_steps.unwrap_or(usual.max_steps),
        max_attempts: runs.max_attempts.unwrap_or(usual.max_attempts),
        max_retries: runs.max_retries.unwrap_or(usual.max_retries),
        reuse: match runs.reuse {
            Reuse::Off => ReuseAmong::Nobody,
            Reuse::Account => ReuseAmong::Account,
            Reuse::Shared => ReuseAmong::All,
        },
        max_inputs: runs.max_inputs.unwrap_or(usual.max_inputs),
        max_sweep_points: runs.max_sweep_points.unwrap_or(usual.max_sweep_points),
        backoff: Backoff {
            first: runs.first_pause_ms.map_or(usual.backoff.first, Duration::from_millis),
            longest: runs.longest_pause_ms.map_or(usual.backoff.longest, Duration::from_millis),
        },
        reserve: Capacity {
            cpu_milli: runs.reserve_cpu_milli.unwrap_or(usual.reserve.cpu_milli),
            memory_mib: runs.reserve_memory_mib.unwrap_or(usual.reserve.memory_mib),
        },
        drain: runs.drain_seconds.map_or(usual.drain, Duration::from_secs),
        max_run_time: runs.max_seconds.map_or(usual.max_run_time, Duration::from_secs),
        min_free_bytes: settings.storage.min_free_bytes,
        retention: of_retention(settings),
        plugins: of_plugins(settings),
        session_lifetime: HOUR * settings.auth.session_hours.into(),
        group_roles: settings.auth.oidc.as_ref().map(of_groups).unwrap_or_default(),
        ..usual
    }
}

/// How many containers may wait. They lie in the memory that calls leave free, beside everything else in it.
pub(super) fn of_pool(settings: &Settings) -> PoolSettings {
    let Pool { max_containers, max_per_class, memory_mib, idle_seconds, max_age_seconds } = settings.pool;
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let cores = u32::try_from(cores).unwrap_or(1);
    let free = of_engine(settings).reserve.memory_mib / 2;
    PoolSettings {
        max_containers: max_containers.unwrap_or(POOL_PER_CORE.saturating_mul(cores)),
        max_per_class: max_per_class.unwrap_or(cores),
        max_memory_bytes: memory_mib.min(free).saturating_mul(1 << 20),
        idle: Duration::from_secs(idle_seconds),
        max_age: Duration::from_secs(max_age_seconds),
    }
}

/// The same, where containers are on other machines: what these have bounds them, and not the cores of this one.
pub(super) fn of_runner(settings: &Settings) -> EngineSettings {
    let max_containers = settings.runs.max_containers.unwrap_or(usize::MAX);
    let of_one = settings.runs.max_containers_per_run.unwrap_or(max_containers.min(CONTAINERS_OF_RUN));
    EngineSettings { max_containers, max_containers_per_run: of_one, ..of_engine(settings) }
}

fn of_groups(oidc: &Oidc) -> GroupRoles {
    GroupRoles { by_group: oidc.roles.clone(), otherwise: oidc.other_role }
}

/// What each account may use, unless something else is said of it.
pub(super) fn of_quotas(settings: &Settings) -> Quotas {
    let quotas = settings.quotas.clone();
    if quotas.of(Quota::MaxUnfinishedRuns).is_some() {
        return quotas;
    }
    let runs = &settings.runs;
    let all = runs.max_unfinished.unwrap_or_else(|| EngineSettings::default().max_unfinished_runs);
    let part = match settings.auth.mode {
        AuthMode::Local => None,
        AuthMode::Accounts => Some(all.div_ceil(PARTS_OF_QUEUE)),
    };
    let of_one = runs.max_unfinished_per_account.or(part);
    quotas.with(Quota::MaxUnfinishedRuns, of_one.map(|runs| runs as u64))
}

/// How long things are kept.
pub(crate) fn of_retention(settings: &Settings) -> RetentionRules {
    let retention = &settings.retention;
    let days = |days: Option<u32>| days.map(|days| 24 * HOUR * days);
    RetentionRules {
        runs: days(retention.run_days),
        logs: days(retention.log_days),
        outputs: days(retention.output_days),
        max_bytes: retention.max_bytes,
        unused: HOUR * retention.unused_hours,
    }
}

fn of_plugins(settings: &Settings) -> PluginPolicy {
    let approval = match settings.plugins.approval {
        Approval::Never => simulay_engine::Approval::Never,
        Approval::Always => simulay_engine::Approval::Always,
        Approval::WhenAskingForMore => simulay_engine::Approval::WhenAskingForMore,
    };
    // Where there is one person, nobody else would.
    let approve_own = settings.plugins.approve_own || settings.auth.mode == AuthMode::Local;
    PluginPolicy { approval, approve_own, most: of_container(&settings.container).resources }
}

/// What a component may cost.
pub(super) fn of_sandbox(settings: &Settings) -> SandboxSettings {
    let component_bytes = usize::try_from(settings.server.max_component_bytes).unwrap_or(usize::MAX);
    SandboxSettings {
        component_bytes,
        compile_time: Duration::from_secs(settings.plugins.compile_seconds),
        ..SandboxSettings::default()
    }
}

/// How the server is reached, and how much it takes.
pub(super) fn of_api(settings: &Settings, loopback: bool) -> ApiSettings {
    let (server, often) = (&settings.server, &settings.limits);
    let second = Duration::from_secs(1);
    ApiSettings {
        name: Some(process::name()),
        accounts: settings.auth.mode == AuthMode::Accounts,
        loopback,
        hosts: server.hosts.clone(),
        origins: server.origins.clone(),
        base_path: server.base_path.clone(),
        trusted_proxies: server.trusted_proxies.iter().map(|Network(network)| *network).collect(),
        proxy_required: server.is_behind_proxies() && !settings.accepts(Risk::PlainHttp),
        max_json_bytes: server.max_json_bytes,
        max_large_bodies: server.max_large_bodies,
        max_component_bytes: server.max_component_bytes,
        shipped_plugins: settings.plugins.shipped.clone(),
        max_input_bytes: server.max_input_bytes,
        max_archive_files: server.max_archive_files,
        max_archive_bytes: server.max_archive_bytes,
        max_streams: server.max_streams,
        max_downloads: server.max_downloads,
        max_connections: server.max_connections.min(descriptors::for_connections()),
        max_connections_per_address: server.max_connections_per_address,
        address_rate: Rate::new(
            often.requests_per_second_per_address,
            second,
            often.request_burst_per_address,
        ),
        account_rate: Rate::new(
            often.requests_per_second_per_account,
            second,
            often.request_burst_per_account,
        ),
        failure_rate: Rate::new(often.failures_per_minute, 60 * second, often.failure_burst),
        least_rate: server.least_bytes_per_second,
        ..ApiSettings::default()
    }
}

/// What one container may take.
pub(super) fn of_container(container: &Container) -> Limits {
    let usual = Limits::default();
    let resources = Resources {
        cpu_milli: container.cpu_milli.unwrap_or(usual.resources.cpu_milli),
        memory_mib: container.memory_mib.unwrap_or(usual.resources.memory_mib),
        scratch_mib: container.scratch_mib.unwrap_or(usual.resources.scratch_mib),
        timeout_ms: container.timeout_ms.unwrap_or(usual.resources.timeout_ms),
    };
    Limits {
        resources,
        max_files: container.max_files.unwrap_or(usual.max_files),
        max_input_bytes: container.max_call_bytes.unwrap_or(usual.max_input_bytes),
        max_stream_bytes: container.max_stream_bytes.unwrap_or(usual.max_stream_bytes),
        end_on_stream_limit: container.end_on_stream_limit.unwrap_or(usual.end_on_stream_limit),
        max_output_bytes: container.max_output_bytes.unwrap_or(usual.max_output_bytes),
        max_outputs: container.max_outputs.unwrap_or(usual.max_outputs),
        ..usual
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::configuration::Flags;

    fn settings(text: &str) -> Settings {
        let file = tempfile::NamedTempFile::with_suffix(".toml").unwrap();
        std::fs::write(file.path(), text).unwrap();
        let flags = Flags { file: Some(file.path().to_owned()), ..Flags::default() };
        Settings::load(&flags).unwrap()
    }

    fn unfinished(text: &str) -> Option<u64> {
        of_quotas(&settings(text)).of(Quota::MaxUnfinishedRuns)
    }

    #[test]
    fn the_cores_of_a_runner_do_not_bound_the_containers_of_a_cluster() {
        let of = |text: &str| {
            let limits = of_runner(&settings(text));
            (limits.max_containers, limits.max_containers_per_run)
        };
        assert_eq!(of(""), (usize::MAX, CONTAINERS_OF_RUN));
        assert_eq!(of("[runs]\nmax_containers = 9"), (9, 9));
        assert_eq!(of("[runs]\nmax_containers_per_run = 900"), (usize::MAX, 900));
    }

    #[test]
    fn unfinished_runs_of_an_account_are_bounded_in_one_place_or_another() {
        assert_eq!(unfinished(""), None, "one person has all");
        let many = "[auth]\nmode = \"accounts\"\n";
        assert_eq!(unfinished(many), Some(2500), "a quarter");
        assert_eq!(unfinished(&format!("{many}[runs]\nmax_unfinished = 10")), Some(3));
        let earlier = format!("{many}[runs]\nmax_unfinished_per_account = 7\n");
        assert_eq!(unfinished(&earlier), Some(7));
        assert_eq!(unfinished(&format!("{earlier}[quotas]\nmax_unfinished_runs = 8")), Some(8));
        assert_eq!(unfinished("[runs]\nmax_unfinished_per_account = 7"), Some(7));
    }
}
