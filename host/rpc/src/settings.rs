//! How long is waited for the other side.

use std::time::Duration;

use simulay_sandbox::SandboxSettings;

/// Times of connections. The defaults notice a cut network within ten seconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RpcSettings {
    /// A new connection is there within this time, its handshake done.
    pub connect: Duration,
    /// What is asked outside of a container call is answered within this time.
    pub answer: Duration,
    /// A container is removed within this time: its node asks Docker, and lets what it is being asked end before.
    pub removal: Duration,
    /// What the sandboxes of runners take and give, and how long that takes them.
    pub sandbox: SandboxSettings,
    /// Between two pings on a connection.
    pub ping_interval: Duration,
    /// A ping that is not answered for so long ends the connection.
    pub ping_timeout: Duration,
    /// For how long a container call that did not begin is asked of a node that is not there.
    pub begin: Duration,
    /// For how long a container call whose connection was lost is asked for again before it is given up.
    pub reattach: Duration,
}

impl Default for RpcSettings {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            answer: Duration::from_secs(30),
            removal: Duration::from_secs(150),
            sandbox: SandboxSettings::default(),
            ping_interval: Duration::from_secs(3),
            ping_timeout: Duration::from_secs(5),
            begin: Duration::from_secs(10),
            reattach: Duration::from_secs(60),
        }
    }
}
