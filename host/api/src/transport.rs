//! What connections carry: HTTP as it is, or within TLS.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::server::TlsStream;
use tokio_util::either::Either;

/// What connections carry.
#[derive(Debug, Clone)]
pub enum Transport {
    /// HTTP as it is.
    Plain,
    /// HTTP within TLS. Each handshake takes the newest configuration.
    Tls(watch::Receiver<Arc<ServerConfig>>),
}

impl Transport {
    /// True when nobody reads along on the way.
    pub(crate) const fn is_secure(&self) -> bool {
        matches!(self, Self::Tls(_))
    }

    /// What the client says on `stream`, once both sides have agreed on how, which may take `time`.
    pub(crate) async fn open<S>(&self, stream: S, time: Duration) -> io::Result<Either<S, TlsStream<S>>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let Self::Tls(newest) = self else { return Ok(Either::Left(stream)) };
        let acceptor = TlsAcceptor::from(newest.borrow().clone());
        Ok(Either::Right(timeout(time, acceptor.accept(stream)).await??))
    }
}
