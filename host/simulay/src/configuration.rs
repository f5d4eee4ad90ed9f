//! Settings: defaults, then `simulay.toml`, then the environment (`SIMULAY__SERVER__LISTEN`), then flags.

mod auth;
mod cluster;
mod kept;
mod limits;
mod plugins;
mod pool;
mod secret;
mod server;
mod telemetry;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::bail;
use config::{Config, Environment, File, FileFormat, FileSourceFile};
use serde::Deserialize;
use simulay_model::Quotas;

pub(crate) use self::auth::{Auth, AuthMode, Oidc};
pub(crate) use self::cluster::{BlobPlace, Cluster, S3};
use self::kept::{Retention, Storage};
pub(crate) use self::limits::Limits;
pub(crate) use self::plugins::{Approval, Plugins};
pub(crate) use self::pool::Pool;
pub(crate) use self::secret::Secret;
pub(crate) use self::server::{Network, Server, is_loopback};
pub(crate) use self::telemetry::Telemetry;
use crate::fault::Usage;
use crate::risks::Risk;

const DEFAULTS: &str = include_str!("configuration/defaults.toml");
const FILE: &str = "simulay.toml";
/// Settings that are secrets, and the variables that may hold them.
const SECRETS: [(&str, &str); 3] = [
    ("auth.oidc.client_secret", "SIMULAY__AUTH__OIDC__CLIENT_SECRET"),
    ("cluster.mongodb", "SIMULAY__CLUSTER__MONGODB"),
    ("cluster.redis", "SIMULAY__CLUSTER__REDIS"),
];
/// Percent of the places that may be kept from who has one.
const MOST_FOR_NEWCOMERS: u8 = 90;

/// Everything an operator can set. `configuration/defaults.toml` explains each value.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Settings {
    /// What is refused otherwise.
    pub(crate) accept_risks: Vec<Risk>,
    /// How the server is reached.
    pub(crate) server: Server,
    /// Who may use it.
    pub(crate) auth: Auth,
    /// How often it may be asked.
    pub(crate) limits: Limits,
    /// Where data is kept.
    pub(crate) storage: Storage,
    /// The services of a cluster.
    pub(crate) cluster: Cluster,
    /// How Docker is reached.
    pub(crate) docker: Docker,
    /// Containers that wait for calls.
    pub(crate) pool: Pool,
    /// What runs may take together.
    pub(crate) runs: Runs,
    /// What one container may take.
    pub(crate) container: Container,
    /// What each account may use.
    #[serde(default)]
    pub(crate) quotas: Quotas,
    /// How long things are kept.
    pub(crate) retention: Retention,
    /// What happens to plugins that are uploaded.
    pub(crate) plugins: Plugins,
    /// How the log is written.
    pub(crate) log: Log,
    /// Where traces go.
    #[serde(default)]
    pub(crate) telemetry: Telemetry,
    /// Logical image names and image IDs, beside those registered by `simulay images`.
    #[serde(default)]
    pub(crate) images: BTreeMap<String, String>,
    /// Where the nodes of a cluster pull images that they lack, by logical name: `HOST/NAME@sha256:…`.
    #[serde(default)]
    pub(crate) image_sources: BTreeMap<String, String>,
}

/// How Docker is reached.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Docker {
    /// `unix://`, `tcp://` or `fd://`; `DOCKER_HOST` or the usual socket when none.
    pub(crate) address: Option<String>,
    /// Certificate of the authority that signed the daemon's; PEM.
    pub(crate) ca: Option<PathBuf>,
    /// Our certificate; PEM.
    pub(crate) cert: Option<PathBuf>,
    /// Our key; PEM.
    pub(crate) key: Option<PathBuf>,
    /// What starts containers.
    pub(crate) runtime: Runtime,
}

/// What starts containers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Runtime {
    /// The usual one.
    Runc,
    /// gVisor.
    Runsc,
}

/// What runs may take together. What is not set follows from the machine.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Runs {
    /// Runs accepted and not ended.
    pub(crate) max_unfinished: Option<usize>,
    /// The same of one account, unless `quotas.max_unfinished_runs` says it.
    pub(crate) max_unfinished_per_account: Option<usize>,
    /// Bytes of the trees that JSON documents are parsed into, together.
    pub(crate) max_parsed_bytes: Option<u64>,
    /// Runs at work at once.
    pub(crate) max_active: Option<usize>,
    /// Containers at work at once.
    pub(crate) max_containers: Option<usize>,
    /// Percent of the places that only pipelines get that have nothing at work.
    pub(crate) newcomer_percent: Option<u8>,
    /// Containers of one run at work at once.
    pub(crate) max_containers_per_run: Option<usize>,
    /// Steps of one run.
    pub(crate) max_steps: Option<u32>,
    /// Attempts at a container call that the platform broke.
    pub(crate) max_attempts: Option<u32>,
    /// Most that a request may ask for: attempts at a call whose command failed, after the first.
    pub(crate) max_retries: Option<u32>,
    /// Whose results calls take that are equal to earlier ones.
    pub(crate) reuse: Reuse,
    /// Inputs of one run.
    pub(crate) max_inputs: Option<usize>,
    /// Points of one sweep.
    pub(crate) max_sweep_points: Option<u32>,
    /// Milliseconds before another attempt; doubled each time.
    pub(crate) first_pause_ms: Option<u64>,
    /// The longest such pause, milliseconds.
    pub(crate) longest_pause_ms: Option<u64>,
    /// Seconds a run may be worked on.
    pub(crate) max_seconds: Option<u64>,
    /// CPU that containers leave of the node, thousandths of a core.
    pub(crate) reserve_cpu_milli: Option<u64>,
    /// Memory that containers leave of the node, MiB.
    pub(crate) reserve_memory_mib: Option<u64>,
    /// Seconds that runs at work get to end when the host stops.
    pub(crate) drain_seconds: Option<u64>,
}

/// Whose results calls take that are equal to earlier ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Reuse {
    /// Nobody's.
    Off,
    /// Those of the same account.
    Account,
    /// Those of all accounts.
    Shared,
}

/// What one container may take.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Container {
    /// Thousandths of a CPU core.
    pub(crate) cpu_milli: Option<u32>,
    /// Memory of the command, MiB.
    pub(crate) memory_mib: Option<u32>,
    /// Scratch space, MiB.
    pub(crate) scratch_mib: Option<u32>,
    /// Wall time of the command, milliseconds.
    pub(crate) timeout_ms: Option<u64>,
    /// Files put into the working directory.
    pub(crate) max_files: Option<usize>,
    /// Bytes of files that the plugin wrote itself.
    pub(crate) max_call_bytes: Option<u64>,
    /// Bytes kept of each stream: of its first and its last part.
    pub(crate) max_stream_bytes: Option<u64>,
    /// Whether a command that prints more is ended.
    pub(crate) end_on_stream_limit: Option<bool>,
    /// Bytes kept of all outputs.
    pub(crate) max_output_bytes: Option<u64>,
    /// Outputs kept.
    pub(crate) max_outputs: Option<u32>,
}

/// How the log is written.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Log {
    /// For people or for programs.
    pub(crate) format: LogFormat,
    /// What is written, e.g. `info` or `info,simulay_engine=debug`.
    pub(crate) filter: String,
}

/// For people or for programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogFormat {
    /// A line to read.
    Text,
    /// A JSON document per line.
    Json,
}

/// What flags say; they win.
#[derive(Debug, Default)]
pub(crate) struct Flags {
    /// The file to read instead of `simulay.toml`.
    pub(crate) file: Option<PathBuf>,
    /// Data directory.
    pub(crate) data: Option<PathBuf>,
    /// Docker's address.
    pub(crate) docker: Option<String>,
    /// Address and port.
    pub(crate) listen: Option<SocketAddr>,
    /// Allows an address that other machines reach; never takes it back.
    pub(crate) allow_remote: bool,
    /// For people or for programs.
    pub(crate) log_format: Option<LogFormat>,
    /// Risks that are accepted beside those of the settings.
    pub(crate) accept_risks: Vec<Risk>,
}

impl Settings {
    /// The settings of this process.
    pub(crate) fn load(flags: &Flags) -> anyhow::Result<Self> {
        Self::read(flags, Path::new(FILE), None)
    }

    fn read(
        flags: &Flags,
        usual: &Path,
        environment: Option<config::Map<String, String>>,
    ) -> anyhow::Result<Self> {
        let file = match &flags.file {
            Some(named) => File::from(named.as_path()),
            None => File::from(usual).required(false),
        };
        let file = file.format(FileFormat::Toml);
        let mut environment = environment.unwrap_or_else(|| {
            std::env::vars_os()
                .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
                .collect()
        });
        // Taken as they are: a secret that looks like a number is none.
        let [client_secret, mongodb, redis] =
            SECRETS.map(|(_, variable)| environment.remove(variable).map(Secret::from));
        let environment = Environment::with_prefix("SIMULAY")
            .prefix_separator("__")
            .separator("__")
            .try_parsing(true)
            // Where orchestrators fill variables in, one that nobody set is empty.
            .ignore_empty(true)
            .list_separator(",")
            .with_list_parse_key("server.hosts")
            .with_list_parse_key("server.origins")
            .with_list_parse_key("server.trusted_proxies")
            .with_list_parse_key("accept_risks")
            .with_list_parse_key("auth.oidc.scopes")
            .with_list_parse_key("cluster.runners")
            .with_list_parse_key("cluster.nodes")
            .source(Some(environment));
        check_file(&file)?;
        let layers = Config::builder()
            .add_source(File::from_str(DEFAULTS, FileFormat::Toml))
            .add_source(file)
            .add_source(environment);
        let settings: Result<Self, _> = layers.build().and_then(Config::try_deserialize);
        let mut settings = settings.map_err(|error| Usage(format!("the settings are not valid: {error}")))?;
        if let Some(oidc) = &mut settings.auth.oidc {
            oidc.client_secret = client_secret.or(oidc.client_secret.take());
        }
        settings.cluster.mongodb = mongodb;
        settings.cluster.redis = redis;
        settings.obey(flags);
        settings.check()?;
        Ok(settings)
    }

    fn obey(&mut self, flags: &Flags) {
        self.storage.directory = flags.data.clone().or_else(|| self.storage.directory.take());
        self.docker.address = flags.docker.clone().or_else(|| self.docker.address.take());
        self.server.listen = flags.listen.unwrap_or(self.server.listen);
        self.server.allow_remote |= flags.allow_remote;
        self.log.format = flags.log_format.unwrap_or(self.log.format);
        self.accept_risks.extend(&flags.accept_risks);
    }

    fn check(&self) -> anyhow::Result<()> {
        self.quotas.check().map_err(|rule| Usage(format!("quotas: {rule}")))?;
        for (name, id) in &self.images {
            crate::images::check_name(name).and_then(|()| crate::images::check_id(id))?;
        }
        for (name, reference) in &self.image_sources {
            crate::images::check_pinned(reference)
                .map_err(|rule| Usage(format!("image_sources.{name}: {rule}")))?;
            if !self.images.contains_key(name) {
                bail!(Usage(format!(
                    "image_sources.{name}: images.{name} is not set, which says what comes"
                )));
            }
        }
        self.server.check()?;
        let tls = [&self.docker.ca, &self.docker.cert, &self.docker.key];
        if tls.iter().any(|file| file.is_some()) && tls.iter().any(|file| file.is_none()) {
            bail!(Usage("docker.ca, docker.cert and docker.key are set together or not at all".into()));
        }
        if self.retention.unused_hours == 0 {
            let rule =
                "retention.unused_hours must be at least 1: an upload lies unused until its run names it";
            bail!(Usage(rule.into()));
        }
        self.pool.check().map_err(|rule| Usage(rule.into()))?;
        if self.auth.session_hours == 0 {
            bail!(Usage("auth.session_hours must be at least 1".into()));
        }
        if self.plugins.compile_seconds == 0 {
            bail!(Usage("plugins.compile_seconds must be at least 1".into()));
        }
        if self.runs.newcomer_percent.is_some_and(|percent| percent > MOST_FOR_NEWCOMERS) {
            bail!(Usage(format!("runs.newcomer_percent must be at most {MOST_FOR_NEWCOMERS}")));
        }
        Ok(())
    }

    /// True when the operator accepts `risk`.
    pub(crate) fn accepts(&self, risk: Risk) -> bool {
        self.accept_risks.contains(&risk)
    }

    /// The data directory.
    pub(crate) fn data(&self) -> anyhow::Result<PathBuf> {
        let variable = |name: &str| std::env::var_os(name).map(PathBuf::from);
        self.storage.directory.clone().map_or_else(|| crate::places::default_data(variable), Ok)
    }
}

/// Refuses secrets in the file of the settings.
fn check_file(file: &File<FileSourceFile, FileFormat>) -> anyhow::Result<()> {
    let Ok(written) = Config::builder().add_source(file.clone()).build() else { return Ok(()) };
    for (name, variable) in SECRETS {
        if written.get_string(name).is_ok() {
            bail!(Usage(format!(
                "{name} is a secret and does not stand in the settings; name its file in {name}_file, or set {variable}"
            )));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
