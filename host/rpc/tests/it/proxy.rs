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

/// What happens to connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Bytes pass.
    Open,
    /// Bytes are lost, and nobody is told.
    Silent,
}

struct Shared {
    node: SocketAddr,
    /// The next connection is cut once so many bytes went that way.
    cut: Mutex<Option<(To, usize)>>,
    connections: AtomicUsize,
    state: watch::Sender<State>,
}

pub(crate) struct Proxy {
    pub(crate) address: SocketAddr,
    shared: Arc<Shared>,
}

impl Proxy {
    pub(crate) async fn before(node: SocketAddr) -> Self {
        let listener = TcpListener::bind(loopback()).await.unwrap();
        let address = listener.local_addr().unwrap();
        let state = watch::Sender::new(State::Open);
        let shared =
            Arc::new(Shared { node, cut: Mutex::default(), connections: AtomicUsize::new(0), state });
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

    /// Loses all bytes of connections that there are, as a network does that is cut.
    pub(crate) fn lose_all(&self) {
        self.shared.state.send_replace(State::Silent);
    }

    /// Lets the bytes of new connections pass.
    pub(crate) fn mend(&self) {
        self.shared.state.send_replace(State::Open);
    }

    /// How many connections there were.
    pub(crate) fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }
}

async fn carry(shared: Arc<Shared>, runner: TcpStream) {
    let number = shared.connections.fetch_add(1, Ordering::SeqCst);
    let Ok(node) = TcpStream::connect(shared.node).await else { return };
    tracing::debug!(number, "a connection");
    let cut = shared.cut.lock().take();
    let most = |to| cut.and_then(|(way, bytes)| (way == to).then_some(bytes)).unwrap_or(usize::MAX);
    let ((from_runner, to_runner), (from_node, to_node)) = (runner.into_split(), node.into_split());
    // Whichever way ends first takes the other along.
    tokio::select! {
        () = pass(from_runner, to_node, most(To::Node), shared.state.subscribe()) => {}
        () = pass(from_node, to_runner, most(To::Runner), shared.state.subscribe()) => {}
    }
}

async fn pass(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    most: usize,
    mut state: watch::Receiver<State>,
) {
    let (mut left, mut buffer) = (most, vec![0; 16 << 10]);
    let mut lost = *state.borrow_and_update() == State::Silent;
    while left > 0 {
        let read = tokio::select! {
            read = from.read(&mut buffer) => read.unwrap_or(0),
            changed = state.changed() => {
                lost |= changed.is_ok() && *state.borrow_and_update() == State::Silent;
                continue;
            }
        };
        if read == 0 && !lost {
            return;
        }
        if lost {
            // A cut network tells nobody of an end either.
            return std::future::pending().await;
        }
        let sent = read.min(left);
        left -= sent;
        if to.write_all(buffer.get(..sent).unwrap()).await.is_err() {
            return;
        }
    }
}
