//! What goes wrong with Redis.

use std::io;
use std::path::PathBuf;

/// Redis cannot be used as it is set up. No message has the URL in it: that is a secret.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// The URL is none of Redis.
    #[error("the URL of Redis must be `redis://` or `rediss://[user:password@]host[:port][/number]`")]
    Url(#[source] redis::RedisError),
    /// The certificates are for nothing.
    #[error("certificates of an authority for Redis need a URL that begins with `rediss://`")]
    NotEncrypted,
    /// The file of certificates cannot be read.
    #[error("the certificates {} of the authority for Redis cannot be read", path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file of certificates holds none.
    #[error("{} holds no certificates in PEM", path.display())]
    NoCertificates {
        /// Which file.
        path: PathBuf,
    },
    /// The file holds certificates that are none.
    #[error("the certificates {} of the authority for Redis cannot be used", path.display())]
    Certificates {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: redis::RedisError,
    },
}

/// Redis does not answer.
#[derive(Debug, thiserror::Error)]
pub enum Unreachable {
    /// It refused, or the connection broke.
    #[error("Redis cannot be used")]
    Failed(#[from] redis::RedisError),
    /// It said nothing.
    #[error("Redis does not answer in time")]
    Silent,
}
