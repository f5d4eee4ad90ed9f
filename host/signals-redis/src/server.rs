//! How Redis is reached.

use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{fmt, fs};

use redis::aio::{MultiplexedConnection, PubSub};
use redis::{
    AsyncConnectionConfig, Client, ConnectionAddr, ConnectionInfo, IntoConnectionInfo as _, TlsCertificates,
};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use tokio::time::timeout;

use crate::keys::Keys;
use crate::{SetupError, Unreachable};

/// For a connection, with TLS and signing in.
const CONNECTING: Duration = Duration::from_secs(5);
/// For an answer to what does not wait for anything.
pub(crate) const ANSWERING: Duration = Duration::from_secs(2);

/// Where Redis is, and for whom.
#[derive(Clone)]
pub struct RedisSettings {
    /// `redis://` or `rediss://`, `user:password@`, host, port and number of the database: a secret.
    pub url: String,
    /// Certificates in PEM of the authority that vouches for the server; the system's when there are none.
    pub authority: Option<PathBuf>,
    /// Whose keys and channels they are: processes of another instance hear nothing of this one.
    pub instance: String,
}

impl fmt::Debug for RedisSettings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { url: _, authority, instance } = self;
        let mut shown = formatter.debug_struct("RedisSettings");
        shown.field("authority", authority).field("instance", instance).finish_non_exhaustive()
    }
}

/// A Redis server. Cheap to clone; connects to nothing by itself.
#[derive(Clone)]
pub struct RedisServer {
    client: Client,
    pub(crate) keys: Keys,
}

impl fmt::Debug for RedisServer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("RedisServer").field("keys", &self.keys).finish_non_exhaustive()
    }
}

impl RedisServer {
    /// The server of `settings`; whether it is there is another question.
    ///
    /// # Errors
    /// [`SetupError`] when the settings are for no server.
    pub fn new(settings: &RedisSettings) -> Result<Self, SetupError> {
        let server = settings.url.as_str().into_connection_info().map_err(SetupError::Url)?;
        // The name of a library is nothing that a server of 7.0 or a user with few rights takes.
        let nameless = server.redis_settings().clone().set_skip_set_lib_name();
        let server = server.set_redis_settings(nameless);
        let client = match &settings.authority {
            None => Client::open(server).map_err(SetupError::Url)?,
            Some(authority) => with_authority(server, authority)?,
        };
        Ok(Self { client, keys: Keys::of(&settings.instance) })
    }

    /// Asks whether it is there.
    ///
    /// # Errors
    /// [`Unreachable`] when it is not, or does not let us in.
    pub async fn ping(&self) -> Result<(), Unreachable> {
        Ok(redis::cmd("PING").exec_async(&mut self.connect().await?).await?)
    }

    /// A connection for commands that do not block; broken as a whole when one is not answered.
    pub(crate) async fn connect(&self) -> Result<MultiplexedConnection, Unreachable> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(CONNECTING))
            .set_response_timeout(Some(ANSWERING));
        let connecting = self.client.get_multiplexed_async_connection_with_config(&config);
        Ok(timeout(CONNECTING, connecting).await.map_err(|_| Unreachable::Silent)??)
    }

    /// A connection that hears channels.
    pub(crate) async fn listen(&self) -> Result<PubSub, Unreachable> {
        let connecting = self.client.get_async_pubsub();
        Ok(timeout(CONNECTING, connecting).await.map_err(|_| Unreachable::Silent)??)
    }
}

fn with_authority(server: ConnectionInfo, authority: &Path) -> Result<Client, SetupError> {
    if !matches!(server.addr(), ConnectionAddr::TcpTls { .. }) {
        return Err(SetupError::NotEncrypted);
    }
    let unreadable = |source| SetupError::Unreadable { path: authority.to_owned(), source };
    let certificates = fs::read(authority).map_err(unreadable)?;
    if CertificateDer::pem_slice_iter(&certificates).next().is_none() {
        return Err(SetupError::NoCertificates { path: authority.to_owned() });
    }
    let certificates = TlsCertificates { client_tls: None, root_cert: Some(certificates) };
    let unusable = |source| SetupError::Certificates { path: authority.to_owned(), source };
    Client::build_with_tls(server, certificates).map_err(unusable)
}

#[cfg(test)]
mod tests {
    use std::error::Error;

    use super::*;

    const SECRET: &str = "hunter2";

    fn settings(url: &str, authority: Option<&str>) -> RedisSettings {
        let authority = authority.map(PathBuf::from);
        RedisSettings { url: url.to_owned(), authority, instance: "test".to_owned() }
    }

    /// An error and all it came of.
    fn told(error: &dyn Error) -> String {
        let source = error.source().map(told).unwrap_or_default();
        format!("{error} {error:?} {source}")
    }

    #[test]
    fn the_url_is_a_secret() {
        let settings = settings(&format!("redis://ada:{SECRET}@localhost/1"), None);
        let server = RedisServer::new(&settings).unwrap();
        assert!(!format!("{settings:?} {server:?}").contains(SECRET));
    }

    #[test]
    fn what_is_set_up_wrongly_is_told_without_the_secret() {
        let directory = tempfile::tempdir().unwrap();
        let [empty, broken] = ["empty.pem", "broken.pem"].map(|name| directory.path().join(name));
        fs::write(&empty, "nothing").unwrap();
        fs::write(&broken, "-----BEGIN CERTIFICATE-----\naGVsbG8=\n-----END CERTIFICATE-----\n").unwrap();
        let url = |scheme: &str| format!("{scheme}://ada:{SECRET}@localhost/1");
        let wrong = [
            settings(&url("http"), None),
            settings(&format!("{SECRET}@"), None),
            settings(&url("redis"), Some("/nowhere/ca.pem")),
            settings(&url("rediss"), Some("/nowhere/ca.pem")),
            settings(&url("rediss"), empty.to_str()),
            settings(&url("rediss"), broken.to_str()),
        ];
        let errors = wrong.map(|settings| RedisServer::new(&settings).unwrap_err());
        assert!(errors.iter().all(|error| !told(error).contains(SECRET)), "{errors:?}");
        use SetupError as Not;
        assert!(
            matches!(
                errors,
                [
                    Not::Url(_),
                    Not::Url(_),
                    Not::NotEncrypted,
                    Not::Unreadable { .. },
                    Not::NoCertificates { .. },
                    Not::Certificates { .. }
                ]
            ),
            "{errors:?}"
        );
    }
}
