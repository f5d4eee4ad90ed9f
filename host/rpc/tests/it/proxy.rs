//! Stands between a runner and a node, and cuts their connections.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::rig::loopback;

/// Where bytes go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum To {
    Node,
    Runner,
}

struct Shared {
    node: SocketAddr,
    /// The next connection is cut once so many bytes went that way.
    cut: Mutex<Option<(To, usize)>>,
    connections: AtomicUsize,
    /// How often all connections were lost.
    losses: watch::Sender<u64>,
}

pub(crate) struct Proxy {
    pub(crate) address: SocketAddr,
    shared: Arc<Shared>,
}

impl Proxy {
    pub(crate) async fn before(node: SocketAddr) -> Self {
        let listener = TcpListener::bind(loopback()).await.unwrap();
        let address = listener.local_addr().unwrap();
        let losses = watch::Sender::default();
        let shared =
            Arc::new(Shared { node, cut: Mutex::default(), connections: AtomicUsize::new(0), losses });
        let carrying = shared.clone();
        tokio::spawn(async move {
            while let Ok((runner, _)) = listener.accept().await {
                tokio::spawn(carry(carrying.clone(), runner));
            }
        });
        Self { address, shared }
    }

    /// Cuts the next connection once `bytes` went there.
    pub(crate) fn cut_after(&self, to: To, bytes: usize) {
        *self.shared.cut.lock() = Some((to, bytes));
    }

    /// Loses all bytes of connections that there are, as a network does that is cut. New ones pass.
    pub(crate) fn lose_all(&self) {
        self.shared.losses.send_modify(|losses| *losses += 1);
    }

    /// How many connections there were.
    pub(crate) fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }
}

async fn carry(shared: Arc<Shared>, runner: TcpStream) {
    shared.connections.fetch_add(1, Ordering::SeqCst);
    let losses = shared.losses.subscribe();
    let Ok(node) = TcpStream::connect(shared.node).await else { return };
    let cut = shared.cut.lock().take();
    let most = |to| cut.and_then(|(way, bytes)| (way == to).then_some(bytes)).unwrap_or(usize::MAX);
    let ((from_runner, to_runner), (from_node, to_node)) = (runner.into_split(), node.into_split());
    // Whichever way ends first takes the other along.
    tokio::select! {
        () = pass(from_runner, to_node, most(To::Node), losses.clone()) => {}
        () = pass(from_node, to_runner, most(To::Runner), losses.clone()) => {}
    }
}

async fn pass(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    most: usize,
    mut losses: watch::Receiver<u64>,
) {
    let (mut left, mut buffer) = (most, vec![0; 16 << 10]);
    while left > 0 {
        let read = tokio::select! {
            biased;
            // Nobody is told, and nobody is told of an end either.
            _ = losses.changed() => return std::future::pending().await,
            read = from.read(&mut buffer) => read.unwrap_or(0),
        };
        let sent = read.min(left);
        left -= sent;
        if sent == 0 || to.write_all(buffer.get(..sent).unwrap()).await.is_err() {
            return;
        }
    }
}
