//! Takes connections in: whoever has no certificate of the cluster does not get past this.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use simulay_model::Chain;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::server::Connected;

use crate::tls::{Credentials, Identity};

/// Handshakes at once: more wait for their turn.
const HANDSHAKES: usize = 256;
/// Connections that wait to be served.
const WAITING: usize = 16;
/// Before the next try when no connection can be taken in, as without file descriptors.
const PAUSE: Duration = Duration::from_millis(100);

/// A connection of a process of the cluster.
pub(crate) struct Connection {
    stream: TlsStream<TcpStream>,
    peer: Peer,
}

/// Who is at the other end of a connection.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer {
    pub(crate) identity: Identity,
    pub(crate) address: SocketAddr,
}

/// Takes in connections until nobody takes them from here: whoever serves them takes an end of them for its
/// own. A handshake that takes longer than `patience` is broken off.
pub(crate) fn connections(
    listener: TcpListener,
    credentials: Credentials,
    patience: Duration,
) -> ReceiverStream<io::Result<Connection>> {
    let (sender, connections) = mpsc::channel(WAITING);
    let accepting = accept(listener, credentials, patience, sender.clone());
    tokio::spawn(async move {
        tokio::select! {
            () = sender.closed() => {}
            () = accepting => {}
        }
    });
    ReceiverStream::new(connections)
}

async fn accept(
    listener: TcpListener,
    credentials: Credentials,
    patience: Duration,
    sender: mpsc::Sender<io::Result<Connection>>,
) {
    let room = Arc::new(Semaphore::new(HANDSHAKES));
    while let Ok(permit) = room.clone().acquire_owned().await {
        match listener.accept().await {
            Ok((stream, peer)) => {
                let handshake = shake_hands(stream, credentials.clone(), permit);
                let sender = sender.clone();
                tokio::spawn(async move {
                    match tokio::time::timeout(patience, handshake).await {
                        // Nobody is served any more when this fails.
                        Ok(Ok(connection)) => drop(sender.send(Ok(connection)).await),
                        Ok(Err(error)) => {
                            tracing::info!(%peer, error = %Chain(&error), "a connection is refused")
                        }
                        Err(_) => tracing::info!(%peer, "a handshake took too long"),
                    }
                });
            }
            Err(error) => {
                tracing::warn!(%error, "no connection can be taken in");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

async fn shake_hands(
    stream: TcpStream,
    credentials: Credentials,
    _permit: OwnedSemaphorePermit,
) -> io::Result<Connection> {
    // A small message would wait for the acknowledgement of the one before.
    stream.set_nodelay(true)?;
    let config = credentials.current().await.server().map_err(io::Error::other)?;
    let stream = TlsAcceptor::from(config).accept(stream).await?;
    let chain = stream.get_ref().1.peer_certificates().unwrap_or_default();
    let certificate = chain.first().ok_or(io::ErrorKind::PermissionDenied)?;
    let identity = Identity::of(certificate).map_err(io::Error::other)?;
    let address = stream.get_ref().0.peer_addr()?;
    Ok(Connection { stream, peer: Peer { identity, address } })
}

impl Connected for Connection {
    type ConnectInfo = Peer;

    fn connect_info(&self) -> Peer {
        self.peer
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
