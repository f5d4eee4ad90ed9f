//! Settings: defaults, then `simulay.toml`, then the environment (`SIMULAY__SERVER__LISTEN`), then flags.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use anyhow::bail;
use config::{Config, Environment, File, FileFormat};
use serde::Deserialize;

use crate::fault::Usage;

const DEFAULTS: &str = include_str!("configuration/defaults.toml");
const FILE: &str = "simulay.toml";

/// Everything an operator can set. `configuration/defaults.toml` explains each value.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Settings {
    /// How the server is reached.
    pub(crate) server: Server,
    /// Where data is kept.
    pub(crate) storage: Storage,
    /// How Docker is reached.
    pub(crate) docker: Docker,
    /// What runs may take together.
    pub(crate) runs: Runs,
    /// What one container may take.
    pub(crate) container: Container,
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
    /// Bytes of the largest input.
    pub(crate) max_input_bytes: u64,
}

/// Where data is kept.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Storage {
    /// The data directory; the user's own when none.
    pub(crate) directory: Option<PathBuf>,
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
    /// Runs at work at once.
    pub(crate) max_active: Option<usize>,
    /// Containers at work at once.
    pub(crate) max_containers: Option<usize>,
    /// Containers of one run at work at once.
    pub(crate) max_containers_per_run: Option<usize>,
    /// Steps of one run.
    pub(crate) max_steps: Option<u32>,
    /// Attempts at a container call that the platform broke.
    pub(crate) max_attempts: Option<u32>,
    /// Seconds a run may take.
    pub(crate) max_seconds: Option<u64>,
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
    /// Bytes kept of each stream.
    pub(crate) max_stream_bytes: Option<u64>,
    /// Bytes of all outputs.
    pub(crate) max_output_bytes: Option<u64>,
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
    }

    fn check(&self) -> anyhow::Result<()> {
        for (name, id) in &self.images {
            crate::images::check_name(name).and_then(|()| crate::images::check_id(id))?;
        }
        let tls = [&self.docker.ca, &self.docker.cert, &self.docker.key];
        if tls.iter().any(|file| file.is_some()) && tls.iter().any(|file| file.is_none()) {
            bail!(Usage("docker.ca, docker.cert and docker.key are set together or not at all".into()));
        }
        Ok(())
    }

    /// Refuses an address that other machines reach, unless that is allowed.
    pub(crate) fn check_listen(&self) -> anyhow::Result<()> {
        if self.server.allow_remote || is_loopback(self.server.listen.ip()) {
            return Ok(());
        }
        bail!(Usage(format!(
            "{} can be reached from other machines, and whoever reaches it may run simulations here; \
             listen on 127.0.0.1, or say --allow-remote when a proxy or a firewall guards it",
            self.server.listen
        )))
    }

    /// The data directory.
    pub(crate) fn data(&self) -> anyhow::Result<PathBuf> {
        let variable = |name: &str| std::env::var_os(name).map(PathBuf::from);
        self.storage.directory.clone().map_or_else(|| crate::places::default_data(variable), Ok)
    }
}

/// True for addresses that only this machine reaches.
pub(crate) fn is_loopback(address: IpAddr) -> bool {
    address.to_canonical().is_loopback()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(file: &str, environment: &[(&str, &str)], flags: Flags) -> anyhow::Result<Settings> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(FILE);
        std::fs::write(&path, file).unwrap();
        let environment = environment.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect();
        Settings::read(&flags, &path, Some(environment))
    }

    #[test]
    fn defaults_are_loopback_and_complete() {
        let settings = read("", &[], Flags::default()).unwrap();
        assert_eq!(settings.server.listen.to_string(), "127.0.0.1:7373");
        assert!(!settings.server.allow_remote);
        assert_eq!(settings.docker.runtime, Runtime::Runc);
        settings.check_listen().unwrap();
    }

    #[test]
    fn flags_win_over_environment_over_file_over_defaults() {
        let file = "[server]\nlisten = \"127.0.0.1:1\"\nmax_input_bytes = 5\n[log]\nformat = \"json\"";
        let environment = [("SIMULAY__SERVER__LISTEN", "127.0.0.1:2"), ("SIMULAY__RUNS__MAX_STEPS", "7")];
        let settings = read(file, &environment, Flags::default()).unwrap();
        assert_eq!(settings.server.listen.port(), 2);
        assert_eq!(settings.server.max_input_bytes, 5);
        assert_eq!(settings.log.format, LogFormat::Json);
        assert_eq!(settings.runs.max_steps, Some(7));
        let flags = Flags { listen: Some("127.0.0.1:3".parse().unwrap()), ..Flags::default() };
        assert_eq!(read(file, &environment, flags).unwrap().server.listen.port(), 3);
    }

    #[test]
    fn hosts_come_from_the_environment_as_a_list() {
        let settings = read("", &[("SIMULAY__SERVER__HOSTS", "a.example,b.example")], Flags::default());
        assert_eq!(settings.unwrap().server.hosts, ["a.example", "b.example"]);
    }

    #[test]
    fn unknown_names_and_wrong_values_are_refused_by_name() {
        let refused =
            |file, environment: &[_]| read(file, environment, Flags::default()).unwrap_err().to_string();
        assert!(refused("[server]\nlissten = 1", &[]).contains("lissten"));
        assert!(refused("", &[("SIMULAY__SERVR__LISTEN", "x")]).contains("servr"));
        assert!(refused("[server]\nlisten = \"nowhere\"", &[]).contains("listen"));
        assert!(refused("[images]\noctave = \"octave:latest\"", &[]).contains("octave:latest"));
        assert!(refused("[docker]\nca = \"ca.pem\"", &[]).contains("docker.key"));
    }

    #[test]
    fn a_named_file_must_be_there() {
        let flags = Flags { file: Some("/nowhere/simulay.toml".into()), ..Flags::default() };
        assert!(read("", &[], flags).is_err());
    }

    #[test]
    fn other_machines_reach_us_only_when_allowed() {
        for (listen, allowed) in [
            ("127.0.0.1:0", true),
            ("[::1]:0", true),
            ("[::ffff:127.0.0.1]:0", true),
            ("0.0.0.0:0", false),
            ("[::]:0", false),
            ("10.0.0.1:0", false),
        ] {
            let flags = Flags { listen: Some(listen.parse().unwrap()), ..Flags::default() };
            let mut settings = read("", &[], flags).unwrap();
            assert_eq!(settings.check_listen().is_ok(), allowed, "{listen}");
            settings.server.allow_remote = true;
            settings.check_listen().unwrap();
        }
    }
}
