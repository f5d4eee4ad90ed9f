//! Bounds of the server, set by the operator.

use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;
use simulay_rates::Rate;

use crate::BasePath;

const SECOND: Duration = Duration::from_secs(1);

/// How the server is reached, and how much it takes.
#[derive(Debug, Clone)]
pub struct ApiSettings {
    /// The name of this process, for operators; none when it has none.
    pub name: Option<String>,
    /// Whoever asks has to show who it is.
    pub accounts: bool,
    /// The listener is bound to a loopback address: only `localhost`, `127.0.0.1`, `[::1]` and
    /// [`ApiSettings::hosts`] are accepted as `Host`, so that no web page reaches it by a name of
    /// its own (DNS rebinding).
    pub loopback: bool,
    /// `Host` names accepted beside the loopback ones. Without any, a listener that is not bound to
    /// loopback accepts every name from programs, and from browsers only addresses.
    pub hosts: Vec<String>,
    /// Origins of our pages where a proxy changes `Host`, e.g. `https://sim.example.org`.
    pub origins: Vec<String>,
    /// Under which path of its host a proxy shows this server.
    pub base_path: BasePath,
    /// Proxies that are believed what they say of the client: `X-Forwarded-For`, `-Proto` and `-Host`.
    pub trusted_proxies: Vec<IpNet>,
    /// What comes from other machines in plain text, and from none of these proxies, is refused.
    pub proxy_required: bool,
    /// Bytes of the largest component.
    pub max_component_bytes: u64,
    /// Where plugins lie that are offered for upload.
    pub shipped_plugins: Option<PathBuf>,
    /// Bytes of the largest input.
    pub max_input_bytes: u64,
    /// Files of an archive of inputs, and as many folders.
    pub max_archive_files: usize,
    /// Bytes of an archive of inputs, as it is sent and when it is unpacked.
    pub max_archive_bytes: u64,
    /// Bytes of the largest JSON body.
    pub max_json_bytes: u64,
    /// JSON bodies of more than [`ApiSettings::SMALL_BODY`] bytes being taken at once.
    pub max_large_bodies: usize,
    /// Components read and inspected at once; each is held in memory meanwhile.
    pub max_uploads: usize,
    /// Previews at work or waiting for their turn at once.
    pub max_previews: usize,
    /// Inputs being taken at once.
    pub max_inputs: usize,
    /// Archives of inputs being read at once; each takes a thread.
    pub max_archives: usize,
    /// Streams of events and logs open at once: the other connections are for short requests.
    pub max_streams: usize,
    /// Artifacts being sent at once.
    pub max_downloads: usize,
    /// Connections open at once; on more, only probes and metrics are answered.
    pub max_connections: usize,
    /// Of these, connections of one address that is not this machine's.
    pub max_connections_per_address: usize,
    /// How often an address that is not this machine's may ask; none is no limit, here and below.
    pub address_rate: Option<Rate>,
    /// How often an account may ask of which the [`Authenticator`](crate::Authenticator) says nothing else.
    pub account_rate: Option<Rate>,
    /// How often an address may show a token that is none, and an account be tried to sign in to.
    pub failure_rate: Option<Rate>,
    /// Time a client has to agree on TLS.
    pub handshake_timeout: Duration,
    /// Time a client has for the header of a request, counted from the connection or the end of
    /// the response before.
    pub header_timeout: Duration,
    /// Time for a request that streams nothing; `Prefer: wait` comes on top.
    pub request_timeout: Duration,
    /// Time without a byte after which a body that is read or written is given up.
    pub stall_timeout: Duration,
    /// Bytes per second that a client must take or send on the whole, while it is waited for.
    pub least_rate: u64,
    /// Time that requests have to end after the shutdown was asked for.
    pub drain_timeout: Duration,
    /// Time between two comments on a silent stream of events.
    pub keep_alive: Duration,
}

impl ApiSettings {
    /// The longest `Prefer: wait`.
    pub const MAX_WAIT: Duration = Duration::from_secs(300);
    /// Bytes of a JSON body that every connection may have.
    pub const SMALL_BODY: u64 = 64 << 10;
    /// The most runs in one page.
    pub const MAX_PAGE: u32 = 100;
}

impl Default for ApiSettings {
    fn default() -> Self {
        Self {
            name: None,
            accounts: false,
            loopback: true,
            hosts: Vec::new(),
            origins: Vec::new(),
            base_path: BasePath::default(),
            trusted_proxies: Vec::new(),
            proxy_required: false,
            max_component_bytes: 64 << 20,
            shipped_plugins: None,
            max_input_bytes: 1 << 30,
            max_archive_files: 10_000,
            max_archive_bytes: 2 << 30,
            max_json_bytes: 2 << 20,
            max_large_bodies: 32,
            max_uploads: 8,
            max_previews: 32,
            max_inputs: 64,
            max_archives: 8,
            max_streams: 1_200,
            max_downloads: 400,
            max_connections: 2_000,
            max_connections_per_address: 256,
            address_rate: Rate::new(200, SECOND, 1_000),
            account_rate: Rate::new(100, SECOND, 500),
            failure_rate: Rate::new(30, 60 * SECOND, 20),
            handshake_timeout: Duration::from_secs(10),
            header_timeout: Duration::from_secs(10),
            request_timeout: Duration::from_secs(30),
            stall_timeout: Duration::from_secs(30),
            least_rate: 8 << 10,
            drain_timeout: Duration::from_secs(30),
            keep_alive: Duration::from_secs(15),
        }
    }
}
