//! How the server is reached.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use anyhow::bail;
use ipnet::IpNet;
use serde::Deserialize;
use simulay_api::BasePath;

use super::{AuthMode, Settings};
use crate::fault::Usage;
use crate::risks::Risk;

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
    /// The path of its host under which a proxy shows the server.
    pub(crate) base_path: BasePath,
    /// Proxies that are believed what they say of the client.
    pub(crate) trusted_proxies: Vec<Network>,
    /// The server's certificate and those of who signed it, for HTTPS; PEM.
    pub(crate) tls_cert: Option<PathBuf>,
    /// The key of the certificate; PEM.
    pub(crate) tls_key: Option<PathBuf>,
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

/// An address, or a network of them: `10.0.0.5`, `10.1.0.0/16`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Network(pub(crate) IpNet);

impl TryFrom<String> for Network {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let address = || text.parse::<IpAddr>().ok().map(|address| IpNet::from(address.to_canonical()));
        let network = text.parse::<IpNet>().ok().or_else(address).map(|network| network.trunc());
        let network =
            network.ok_or_else(|| format!("`{text}` is no address and no network, e.g. 10.1.0.0/16"))?;
        if network.prefix_len() == 0 {
            return Err(format!("`{text}` is everybody: name the addresses of your proxies"));
        }
        Ok(Self(network))
    }
}

impl Server {
    /// True when TLS ends at proxies.
    pub(crate) fn is_behind_proxies(&self) -> bool {
        self.tls_cert.is_none() && !self.trusted_proxies.is_empty()
    }

    pub(super) fn check(&self) -> Result<(), Usage> {
        if let Some(origin) = self.origins.iter().find(|origin| !is_origin(origin)) {
            return Err(Usage(format!(
                "server.origins: `{origin}` is no origin as browsers send it, e.g. https://lab.example.org"
            )));
        }
        if self.tls_cert.is_some() != self.tls_key.is_some() {
            return Err(Usage("server.tls_cert and server.tls_key are set together or not at all".into()));
        }
        Ok(())
    }
}

impl Settings {
    /// Refuses an address that other machines reach, unless that is allowed, the server tells who asks, and nobody
    /// reads along on the way.
    pub(crate) fn check_listen(&self) -> anyhow::Result<()> {
        let listen = self.server.listen;
        if is_loopback(listen.ip()) {
            return if self.server.is_behind_proxies() { self.check_accounts() } else { Ok(()) };
        }
        if !self.server.allow_remote {
            bail!(Usage(format!(
                "{listen} can be reached from other machines; listen on 127.0.0.1, or say --allow-remote"
            )));
        }
        self.check_accounts()?;
        if self.server.tls_cert.is_none()
            && !self.server.is_behind_proxies()
            && !self.accepts(Risk::PlainHttp)
        {
            let what = format!(
                "{listen} can be reached from other machines in plain HTTP: whoever is on the way reads tokens"
            );
            let cure = "name a certificate, server.tls_cert and server.tls_key, or the proxies before the \
                        server that speak HTTPS, server.trusted_proxies";
            bail!(Risk::PlainHttp.refusal(&[(what, cure.to_owned())]))
        }
        Ok(())
    }

    /// Refuses a server that others reach, by itself or by way of a proxy, and that does not tell who asks.
    fn check_accounts(&self) -> anyhow::Result<()> {
        if self.auth.mode == AuthMode::Accounts || self.accepts(Risk::NoAccounts) {
            return Ok(());
        }
        let listen = self.server.listen;
        let what =
            format!("{listen} can be reached from other machines, and whoever reaches it may do everything");
        let cure = "give those who use it accounts: auth.mode = \"accounts\" in the settings".to_owned();
        bail!(Risk::NoAccounts.refusal(&[(what, cure)]))
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
