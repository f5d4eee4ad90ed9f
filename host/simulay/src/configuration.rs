//! Settings: defaults, then `simulay.toml`, then the environment (`SIMULAY__SERVER__LISTEN`), then flags.

mod auth;

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use anyhow::bail;
use config::{Config, Environment, File, FileFormat};
use serde::Deserialize;
use simulay_model::Quotas;

pub(crate) use self::auth::{Auth, AuthMode};
use crate::fault::Usage;
use crate::risks::Risk;

const DEFAULTS: &str = include_str!("configuration/defaults.toml");
const FILE: &str = "simulay.toml";
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
    /// Where data is kept.
    pub(crate) storage: Storage,
    /// How Docker is reached.
    pub(crate) docker: Docker,
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
    /// Logical image names and image IDs, beside those registered by `simulay images`.
    #[serde(default)]
    pub(crate) images: BTreeMap<String, String>,
}

/// How the server is reached.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Server {
    /// Address and port; port 0 takes a free one.
    pub(crate) listen: SocketAddr,
    /// Allows an address that other machines reach.
    pub(crate) allow_remote: bool,
    /// `Host` names accepted beside the loopback ones.
    pub(crate) hosts: Vec<String>,
    /// Origins of the server's own pages, as a proxy that changes `Host` shows them.
    pub(crate) origins: Vec<String>,
    /// Connections open at once.
    pub(crate) max_connections: usize,
    /// Of these, connections of one address that is not this machine's.
    pub(crate) max_connections_per_address: usize,
    /// Streams of events and logs open at once.
    pub(crate) max_streams: usize,
    /// Artifacts being sent at once.
    pub(crate) max_downloads: usize,
    /// Bytes per second that a client must take or send on the whole.
    pub(crate) least_bytes_per_second: u64,
    /// Bytes of the largest JSON body.
    pub(crate) max_json_bytes: u64,
    /// JSON bodies of more than 64 KiB being taken at once.
    pub(crate) max_large_bodies: usize,
    /// Bytes of the largest component.
    pub(crate) max_component_bytes: u64,
    /// Bytes of the largest input.
    pub(crate) max_input_bytes: u64,
    /// Files of an archive of inputs, and as many folders.
    pub(crate) max_archive_files: usize,
    /// Bytes of an archive of inputs, as it is sent and when it is unpacked.
    pub(crate) max_archive_bytes: u64,
}

/// Where data is kept.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Storage {
    /// The data directory; the user's own when none.
    pub(crate) directory: Option<PathBuf>,
    /// Bytes that stay free: new work is refused, work at hand waits.
    pub(crate) min_free_bytes: u64,
}

/// How long things are kept. What is not set is kept for good.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Retention {
    /// Ended runs, with all they left.
    pub(crate) run_days: Option<u32>,
    /// What the calls of ended runs printed.
    pub(crate) log_days: Option<u32>,
    /// Files the calls of ended runs left.
    pub(crate) output_days: Option<u32>,
    /// Bytes that ended runs alone keep.
    pub(crate) max_bytes: Option<u64>,
    /// Uploads that nothing shows.
    pub(crate) unused_hours: u32,
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
    /// Inputs of one run.
    pub(crate) max_inputs: Option<usize>,
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

/// What happens to plugins that are uploaded. What they may use, `images` and `container` say.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Plugins {
    /// Which versions wait for the operator.
    pub(crate) approval: Approval,
    /// Seconds of a processor that compiling a component may take.
    pub(crate) compile_seconds: u64,
}

/// Which versions wait for the operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) enum Approval {
    /// None.
    Never,
    /// All.
    Always,
    /// Those that ask for more than the versions approved before.
    WhenAskingForMore,
}

impl TryFrom<String> for Approval {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match text.as_str() {
            "never" => Ok(Self::Never),
            "always" => Ok(Self::Always),
            "when-asking-for-more" => Ok(Self::WhenAskingForMore),
            _ => Err(format!("`{text}` is none of: never, always, when-asking-for-more")),
        }
    }
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
        let environment = Environment::with_prefix("SIMULAY")
            .prefix_separator("__")
            .separator("__")
            .try_parsing(true)
            .list_separator(",")
            .with_list_parse_key("server.hosts")
            .with_list_parse_key("server.origins")
            .with_list_parse_key("accept_risks")
            .source(environment);
        let layers = Config::builder()
            .add_source(File::from_str(DEFAULTS, FileFormat::Toml))
            .add_source(file.format(FileFormat::Toml))
            .add_source(environment);
        let settings: Result<Self, _> = layers.build().and_then(Config::try_deserialize);
        let mut settings = settings.map_err(|error| Usage(format!("the settings are not valid: {error}")))?;
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
        if let Some(origin) = self.server.origins.iter().find(|origin| !is_origin(origin)) {
            bail!(Usage(format!(
                "server.origins: `{origin}` is no origin as browsers send it, e.g. https://lab.example.org"
            )));
        }
        let tls = [&self.docker.ca, &self.docker.cert, &self.docker.key];
        if tls.iter().any(|file| file.is_some()) && tls.iter().any(|file| file.is_none()) {
            bail!(Usage("docker.ca, docker.cert and docker.key are set together or not at all".into()));
        }
        if self.retention.unused_hours == 0 {
            let rule =
                "retention.unused_hours must be at least 1: an upload lies unused until its run names it";
            bail!(Usage(rule.into()));
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

    /// Refuses an address that other machines reach, unless that is allowed and the server tells who asks.
    pub(crate) fn check_listen(&self) -> anyhow::Result<()> {
        let listen = self.server.listen;
        if is_loopback(listen.ip()) {
            return Ok(());
        }
        if !self.server.allow_remote {
            bail!(Usage(format!(
                "{listen} can be reached from other machines; listen on 127.0.0.1, or say --allow-remote"
            )));
        }
        if self.auth.mode == AuthMode::Accounts || self.accepts(Risk::NoAccounts) {
            return Ok(());
        }
        let what =
            format!("{listen} can be reached from other machines, and whoever reaches it may do everything");
        let cure = "give those who use it accounts: auth.mode = \"accounts\" in the settings".to_owned();
        bail!(Risk::NoAccounts.refusal(&[(what, cure)]))
    }

    /// The data directory.
    pub(crate) fn data(&self) -> anyhow::Result<PathBuf> {
        let variable = |name: &str| std::env::var_os(name).map(PathBuf::from);
        self.storage.directory.clone().map_or_else(|| crate::places::default_data(variable), Ok)
    }
}

/// True for a scheme with a host and perhaps a port, and nothing after it.
fn is_origin(text: &str) -> bool {
    let place = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    place.is_some_and(|place| !place.is_empty() && !place.contains(['/', '?', '#', '@', ' ', '*', ',']))
}

/// True for addresses that only this machine reaches.
pub(crate) fn is_loopback(address: IpAddr) -> bool {
    address.to_canonical().is_loopback()
}

#[cfg(test)]
mod tests;
