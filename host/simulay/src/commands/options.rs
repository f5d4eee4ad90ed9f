//! Options that several commands share.

use std::path::PathBuf;

use clap::Args;
use semver::Version;
use simulay_engine::Selector;
use simulay_model::{PluginName, TokenSecretError};

use crate::client::{Client, PlainHttp};
use crate::configuration::{Flags, LogFormat};
use crate::fault::Usage;
use crate::risks::Risk;

/// Where the server is.
#[derive(Debug, Args)]
pub(crate) struct ServerOption {
    /// Address of the server.
    #[arg(
        long,
        global = true,
        env = "SIMULAY_SERVER",
        default_value = "http://127.0.0.1:7373",
        value_name = "URL"
    )]
    server: String,
    /// Who asks, on a server of many; better given by the variable, which others on this machine do not see.
    #[arg(long, global = true, env = "SIMULAY_TOKEN", hide_env_values = true, value_name = "TOKEN")]
    token: Option<String>,
    /// Sends the token over plain HTTP to another machine, where others may read it on its way.
    #[arg(long, global = true, env = "SIMULAY_PLAIN_HTTP")]
    plain_http: bool,
}

impl ServerOption {
    /// A client of that server.
    pub(crate) fn client(&self) -> anyhow::Result<Client> {
        // What is no token may be a secret as well: it is not told.
        let token = self.token.as_ref().map(|text| text.trim().parse());
        let token = token.transpose().map_err(|error: TokenSecretError| Usage(error.to_string()))?;
        let plain = if self.plain_http { PlainHttp::Anywhere } else { PlainHttp::OnThisMachine };
        Client::new(&self.server, token.as_ref(), plain)
    }
}

/// What commands that work on this machine take.
#[derive(Debug, Args)]
pub(crate) struct LocalOptions {
    /// Data directory [default: $XDG_DATA_HOME/simulay or ~/.local/share/simulay].
    #[arg(long, global = true, env = "SIMULAY_DATA", value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// Address of the Docker daemon: unix://, tcp:// or fd:// [default: $DOCKER_HOST or the usual socket].
    #[arg(long, global = true, value_name = "ADDRESS")]
    pub(crate) docker: Option<String>,
    /// Settings file [default: simulay.toml, when there is one].
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Goes on though there is this risk; may be given several times.
    #[arg(long = "accept-risk", global = true, value_enum, value_name = "RISK")]
    pub(crate) accept_risks: Vec<Risk>,
}

impl LocalOptions {
    /// The same as flags over the settings.
    pub(crate) fn flags(&self) -> Flags {
        Flags {
            file: self.config.clone(),
            data: self.data.clone(),
            docker: self.docker.clone(),
            accept_risks: self.accept_risks.clone(),
            ..Flags::default()
        }
    }
}

/// What a process of a cluster takes.
#[derive(Debug, Args)]
pub(crate) struct RoleOptions {
    /// Settings file [default: simulay.toml, when there is one].
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// How the log is written, on standard error [default: text].
    #[arg(long, value_enum)]
    log_format: Option<LogFormat>,
    /// Goes on though there is this risk; may be given several times.
    #[arg(long = "accept-risk", value_enum, value_name = "RISK")]
    accept_risks: Vec<Risk>,
}

impl RoleOptions {
    /// The same as flags over the settings.
    pub(crate) fn flags(&self) -> Flags {
        Flags {
            file: self.config.clone(),
            log_format: self.log_format,
            accept_risks: self.accept_risks.clone(),
            ..Flags::default()
        }
    }
}

/// Reads `NAME` or `NAME@VERSION`.
pub(crate) fn selector(text: &str) -> Result<Selector, String> {
    let (name, version) = text.split_once('@').map_or((text, None), |(name, version)| (name, Some(version)));
    let name: PluginName = name.parse().map_err(|error| format!("{error}"))?;
    let version = version.map(parse_version).transpose()?;
    Ok(Selector { name, version })
}

/// Reads `NAME@VERSION`.
pub(crate) fn exact(text: &str) -> Result<(PluginName, Version), String> {
    let Selector { name, version } = selector(text)?;
    version.map(|version| (name, version)).ok_or_else(|| String::from("say which version: NAME@VERSION"))
}

fn parse_version(text: &str) -> Result<Version, String> {
    text.parse().map_err(|_| format!("`{text}` is no semantic version, e.g. 1.2.0"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selectors_name_a_pipeline_and_perhaps_a_version() {
        assert_eq!(selector("beam").unwrap().version, None);
        assert_eq!(selector("beam@1.2.0-rc.1").unwrap().to_string(), "beam@1.2.0-rc.1");
        for wrong in ["", "Beam", "beam@", "beam@1", "a/../b"] {
            assert!(selector(wrong).is_err(), "{wrong}");
        }
        assert!(exact("beam").is_err());
    }
}
