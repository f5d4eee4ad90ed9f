//! Where Docker is: `unix://`, `tcp://` (with mutual TLS) or `fd://`, a socket the host inherited.

mod inherited;

use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use hyper::Uri;

const USUAL: &str = "/var/run/docker.sock";
const PLAIN_PORT: u16 = 2375;
const TLS_PORT: u16 = 2376;

/// An address of a Docker daemon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// A Unix socket.
    Unix(PathBuf),
    /// A TCP port.
    Tcp {
        /// Host name or IP address; IPv6 in brackets.
        host: String,
        /// Port; the usual one when none.
        port: Option<u16>,
    },
    /// An open socket with this number: where it is connected to, or where it listens.
    Inherited(i32),
}

/// PEM files for mutual TLS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tls {
    /// Certificate of the authority that signed the daemon's.
    pub ca: PathBuf,
    /// Our certificate.
    pub cert: PathBuf,
    /// Our key.
    pub key: PathBuf,
}

/// Why an address cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// Another scheme, or none.
    #[error("`{0}` is no Docker address; use unix:///PATH, tcp://HOST:PORT or fd://NUMBER")]
    Scheme(String),
    /// `unix://` without an absolute path.
    #[error("`{0}` names no absolute path, as in unix:///var/run/docker.sock")]
    Path(String),
    /// `tcp://` without a host, or with a path, a user or a bad port.
    #[error("`{0}` is not tcp://HOST:PORT")]
    Host(String),
    /// `fd://` without a number.
    #[error("`{0}` is not fd://NUMBER, the number of an inherited socket")]
    Number(String),
    /// The number is no open socket.
    #[error("fd://{0} is no open socket: {1}")]
    NotASocket(i32, String),
    /// The socket has no address others can connect to, as one made by `socketpair`.
    #[error("fd://{0} has no name to connect to; inherit a socket bound to a path or a TCP port")]
    Unnamed(i32),
    /// TLS is wanted, and there are no certificates for it.
    #[error(
        "DOCKER_TLS_VERIFY asks for TLS, and {0}; DOCKER_CERT_PATH names the folder of ca.pem, cert.pem and key.pem"
    )]
    NoCertificates(String),
}

/// Who else can come between us and a daemon that is spoken to in plain text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Nobody but who may use the socket.
    Socket,
    /// Every user of this machine.
    Machine,
    /// Everybody on the way.
    Network,
}

impl Address {
    /// The address in `docker_host`, the value of `DOCKER_HOST`, or the usual socket.
    ///
    /// # Errors
    /// When the value is no address.
    pub fn from_environment(docker_host: Option<&str>) -> Result<Self, AddressError> {
        match docker_host {
            None | Some("") => Ok(Self::Unix(USUAL.into())),
            Some(text) => text.parse(),
        }
    }

    /// The address itself, or that of the inherited socket.
    ///
    /// # Errors
    /// When that is no socket, or has no address.
    pub fn resolve(&self) -> Result<Self, AddressError> {
        match self {
            Self::Inherited(number) => inherited::resolve(*number),
            named => Ok(named.clone()),
        }
    }

    /// Who could come in between.
    #[must_use]
    pub fn reach(&self) -> Reach {
        match self {
            Self::Unix(_) | Self::Inherited(_) => Reach::Socket,
            Self::Tcp { host, .. } if is_loopback(host) => Reach::Machine,
            Self::Tcp { .. } => Reach::Network,
        }
    }

    /// The port, or the usual one.
    pub(crate) fn port_or_usual(port: Option<u16>, tls: bool) -> u16 {
        port.unwrap_or(if tls { TLS_PORT } else { PLAIN_PORT })
    }
}

impl Tls {
    /// What `DOCKER_TLS_VERIFY` asks for, whatever its value, with the certificates of `DOCKER_CERT_PATH`,
    /// or else of the `usual` folder.
    ///
    /// # Errors
    /// When TLS is asked for and a certificate is missing: plain text would be another thing.
    pub fn from_environment(
        verify: Option<&str>,
        directory: Option<&str>,
        usual: Option<&Path>,
    ) -> Result<Option<Self>, AddressError> {
        if verify.is_none_or(str::is_empty) {
            return Ok(None);
        }
        let named = directory.filter(|directory| !directory.is_empty()).map(Path::new);
        let Some(directory) = named.or(usual) else {
            return Err(AddressError::NoCertificates("no folder of certificates is known".to_owned()));
        };
        let [ca, cert, key] = ["ca.pem", "cert.pem", "key.pem"].map(|name| directory.join(name));
        if let Some(missing) = [&ca, &cert, &key].into_iter().find(|file| !file.is_file()) {
            return Err(AddressError::NoCertificates(format!("there is no {}", missing.display())));
        }
        Ok(Some(Self { ca, cert, key }))
    }
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        if let Some(path) = text.strip_prefix("unix://") {
            let plain = path.starts_with('/') && !path.contains('\0');
            return if plain { Ok(Self::Unix(path.into())) } else { Err(AddressError::Path(text.into())) };
        }
        if let Some(number) = text.strip_prefix("fd://") {
            let number = number.parse().ok().filter(|number| *number >= 0);
            return number.map(Self::Inherited).ok_or_else(|| AddressError::Number(text.into()));
        }
        if text.starts_with("tcp://") {
            return tcp(text).ok_or_else(|| AddressError::Host(text.into()));
        }
        Err(AddressError::Scheme(text.into()))
    }
}

/// A name but `localhost` may lead anywhere.
fn is_loopback(host: &str) -> bool {
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    let address = bare.parse().map(|address: IpAddr| address.to_canonical().is_loopback());
    address.unwrap_or_else(|_| host.eq_ignore_ascii_case("localhost"))
}

fn tcp(text: &str) -> Option<Address> {
    let uri: Uri = text.parse().ok()?;
    let authority = uri.authority()?;
    let bare = matches!(uri.path(), "" | "/") && uri.query().is_none();
    let host = authority.host();
    // A port that is not a number, or a user, shows as an authority with more than host and port.
    let port = authority.port_u16();
    let whole = port.map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
    let plain = bare && !host.is_empty() && authority.as_str() == whole;
    plain.then(|| Address::Tcp { host: host.to_owned(), port })
}

impl fmt::Display for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => write!(formatter, "unix://{}", path.display()),
            Self::Tcp { host, port: Some(port) } => write!(formatter, "tcp://{host}:{port}"),
            Self::Tcp { host, port: None } => write!(formatter, "tcp://{host}"),
            Self::Inherited(number) => write!(formatter, "fd://{number}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_read_back() {
        for text in
            ["unix:///run/docker.sock", "tcp://10.0.0.7:2376", "tcp://[::1]:2375", "tcp://node1", "fd://3"]
        {
            assert_eq!(text.parse::<Address>().map(|address| address.to_string()), Ok(text.to_owned()));
        }
    }

    #[test]
    fn what_is_no_address_is_refused_by_name() {
        let text = |text: &str| text.parse::<Address>().unwrap_err();
        for bad in ["", "/var/run/docker.sock", "ssh://node", "http://node", "npipe:////./pipe/docker"] {
            assert_eq!(text(bad), AddressError::Scheme(bad.to_owned()));
        }
        for bad in ["unix://", "unix://docker.sock"] {
            assert_eq!(text(bad), AddressError::Path(bad.to_owned()));
        }
        for bad in
            ["tcp://", "tcp://:2375", "tcp://node:port", "tcp://node:99999", "tcp://me@node", "tcp://node/x"]
        {
            assert_eq!(text(bad), AddressError::Host(bad.to_owned()), "{bad}");
        }
        for bad in ["fd://", "fd://-1", "fd://x"] {
            assert_eq!(text(bad), AddressError::Number(bad.to_owned()));
        }
    }

    #[test]
    fn the_environment_is_read_as_docker_reads_it() {
        let usual = Address::Unix(USUAL.into());
        assert_eq!(Address::from_environment(None), Ok(usual.clone()));
        assert_eq!(Address::from_environment(Some("")), Ok(usual));
        assert!(Address::from_environment(Some("nonsense")).is_err());
        for off in [None, Some("")] {
            assert_eq!(Tls::from_environment(off, Some("/certs"), None), Ok(None));
        }
    }

    #[test]
    fn tls_that_is_asked_for_is_had_or_refused() {
        let (named, usual) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let text = named.path().to_str();
        let read = |directory, usual| Tls::from_environment(Some("1"), directory, usual);
        let refused = read(None, None).unwrap_err().to_string();
        assert!(refused.contains("DOCKER_TLS_VERIFY") && refused.contains("DOCKER_CERT_PATH"), "{refused}");
        let refused = read(text, Some(usual.path())).unwrap_err().to_string();
        assert!(refused.contains(&format!("{}/ca.pem", named.path().display())), "{refused}");
        for folder in [&named, &usual] {
            for file in ["ca.pem", "cert.pem", "key.pem"] {
                std::fs::write(folder.path().join(file), "").unwrap();
            }
        }
        let key = |tls: Result<Option<Tls>, _>| tls.unwrap().unwrap().key;
        assert_eq!(key(read(text, Some(usual.path()))), named.path().join("key.pem"));
        for unnamed in [None, Some("")] {
            assert_eq!(key(read(unnamed, Some(usual.path()))), usual.path().join("key.pem"));
        }
    }

    #[test]
    fn only_an_address_of_this_machine_is_within_its_reach() {
        let reach = |text: &str| text.parse::<Address>().unwrap().reach();
        for text in ["tcp://127.0.0.1:2375", "tcp://localhost", "tcp://[::1]:1", "tcp://[::ffff:127.0.0.2]:1"]
        {
            assert_eq!(reach(text), Reach::Machine, "{text}");
        }
        for text in
            ["tcp://10.0.0.7", "tcp://node1", "tcp://localhost.example.org", "tcp://0.0.0.0", "tcp://127.1"]
        {
            assert_eq!(reach(text), Reach::Network, "{text}");
        }
        assert_eq!(reach("unix:///run/docker.sock"), Reach::Socket);
    }
}
