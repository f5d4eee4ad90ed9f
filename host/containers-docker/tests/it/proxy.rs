//! A way to Docker that a test can watch, cut and freeze.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

use crate::rig::SOCKET;

const METHODS: [&str; 6] = ["GET /", "POST /", "DELETE /", "PUT /", "HEAD /", "PATCH /"];

type Heard = Arc<Mutex<Vec<u8>>>;

pub(crate) struct Proxy {
    heard: Heard,
    cuts: watch::Sender<u32>,
}

impl Proxy {
    fn new() -> Self {
        Self { heard: Heard::default(), cuts: watch::Sender::new(0) }
    }

    /// Listens at a new socket in `directory`.
    pub(crate) fn unix(directory: &Path) -> (Self, PathBuf) {
        let path = directory.join("proxy.sock");
        let listener = UnixListener::bind(&path).unwrap();
        let proxy = Self::new();
        let (heard, cuts) = (proxy.heard.clone(), proxy.cuts.subscribe());
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(carry(client, heard.clone(), cuts.clone()));
            }
        });
        (proxy, path)
    }

    /// Listens at a free port of this machine, with or without TLS.
    pub(crate) async fn tcp(tls: Option<TlsAcceptor>) -> (Self, SocketAddr) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let proxy = Self::new();
        let (heard, cuts) = (proxy.heard.clone(), proxy.cuts.subscribe());
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(receive(client, tls.clone(), heard.clone(), cuts.clone()));
            }
        });
        (proxy, address)
    }

    /// Ends every connection there is.
    pub(crate) fn cut(&self) {
        self.cuts.send_modify(|cuts| *cuts += 1);
    }

    /// Method and path of each request, without query.
    pub(crate) fn requests(&self) -> Vec<String> {
        let heard = self.heard.lock().unwrap();
        let text = String::from_utf8_lossy(&heard);
        let lines = text.lines().filter_map(|line| line.strip_suffix(" HTTP/1.1"));
        // The body of the request before ends without a line break.
        let begin = |line: &str| METHODS.iter().filter_map(|method| line.rfind(method)).max().unwrap_or(0);
        lines.map(|line| line[begin(line)..].split('?').next().unwrap().to_owned()).collect()
    }
}

async fn receive(client: TcpStream, tls: Option<TlsAcceptor>, heard: Heard, cuts: watch::Receiver<u32>) {
    client.set_nodelay(true).unwrap();
    match tls {
        None => carry(client, heard, cuts).await,
        // A client without our certificate gets no further.
        Some(tls) => {
            if let Ok(client) = tls.accept(client).await {
                carry(client, heard, cuts).await;
            }
        }
    }
}

async fn carry(
    client: impl AsyncRead + AsyncWrite + Send + 'static,
    heard: Heard,
    mut cuts: watch::Receiver<u32>,
) {
    cuts.mark_unchanged();
    let daemon = UnixStream::connect(SOCKET).await.unwrap();
    let (client_reads, client_writes) = tokio::io::split(client);
    let (daemon_reads, daemon_writes) = tokio::io::split(daemon);
    let there = copy(Box::pin(client_reads), Box::pin(daemon_writes), Some(heard));
    let back = copy(Box::pin(daemon_reads), Box::pin(client_writes), None);
    tokio::select! {
        _ = cuts.changed() => {}
        ((), ()) = async { tokio::join!(there, back) } => {}
    }
}

async fn copy(
    mut from: Pin<Box<dyn AsyncRead + Send>>,
    mut to: Pin<Box<dyn AsyncWrite + Send>>,
    heard: Option<Heard>,
) {
    let mut buffer = vec![0; 64 << 10];
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        if let Some(heard) = &heard {
            heard.lock().unwrap().extend_from_slice(&buffer[..length]);
        }
        if to.write_all(&buffer[..length]).await.is_err() || to.flush().await.is_err() {
            break;
        }
    }
    let _ = to.shutdown().await;
}
