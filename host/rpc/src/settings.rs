//! How long is waited for the other side.

use std::time::Duration;

/// Times of connections. The defaults notice a cut network within ten seconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RpcSettings {
    /// A new connection is there within this time, its handshake done.
    pub connect: Duration,
    /// What is asked outside of a container call is answered within this time.
    pub answer: Duration,
    /// Between two pings on a connection.
    pub ping_interval: Duration,
    /// A ping that is not answered for so long ends the connection.
    pub ping_timeout: Duration,
    /// For how long a container call whose connection was lost is asked for again before it is given up.
    pub reattach: Duration,
}

impl Default for RpcSettings {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            answer: Duration::from_secs(30),
            ping_interval: Duration::from_secs(3),
            ping_timeout: Duration::from_secs(5),
            reattach: Duration::from_secs(60),
        }
    }
}
