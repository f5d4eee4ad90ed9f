//! Stands between the host and Docker: hears every request, and fails the one it is told to.

mod carry;
mod fault;
mod heard;
mod lie;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;

use tokio::net::UnixListener;
use tokio::runtime::Builder;

use carry::Carrier;
pub use fault::{Fault, Mode};
use heard::Ledger;
pub use heard::Request;
pub use lie::Lie;

/// A proxy at work on a thread of its own, for as long as the process lives.
#[derive(Debug)]
pub struct FaultProxy {
    socket: PathBuf,
    ledger: Arc<Ledger>,
}

impl FaultProxy {
    /// Listens at `socket` and hands on to the daemon at `daemon`.
    ///
    /// # Errors
    /// When the socket cannot be made, or no thread started.
    pub fn start(socket: &Path, daemon: &Path) -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let listener = {
            let _inside = runtime.enter();
            UnixListener::bind(socket)?
        };
        let ledger = Arc::new(Ledger::default());
        let carrier = Carrier { daemon: daemon.to_owned(), ledger: ledger.clone() };
        thread::Builder::new()
            .name("fault-proxy".to_owned())
            .spawn(move || runtime.block_on(carry::serve(listener, carrier)))?;
        Ok(Self { socket: socket.to_owned(), ledger })
    }

    /// The socket it listens at.
    #[must_use]
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// Forgets what was heard, and fails from now on the request that `fault` names.
    pub fn arm(&self, fault: Option<Fault>) {
        self.ledger.arm(fault);
    }

    /// What was heard since, in order.
    #[must_use]
    pub fn heard(&self) -> Vec<Request> {
        self.ledger.heard()
    }

    /// True when the fault it was armed with has struck.
    #[must_use]
    pub fn has_struck(&self) -> bool {
        self.ledger.has_struck()
    }
}
