//! SIGINT, SIGTERM and SIGHUP: the first asks for an orderly end, the second ends at once. SIGUSR1 and SIGUSR2: a node
//! takes no more calls, and takes them again.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

const SIGHUP: i32 = 1;
const SIGINT: i32 = 2;
const SIGTERM: i32 = 15;

/// A token that the first signal cancels.
pub(crate) fn stop() -> io::Result<CancellationToken> {
    let mut signals = Signals::new()?;
    let token = CancellationToken::new();
    let asked = token.clone();
    tokio::spawn(async move {
        signals.next().await;
        asked.cancel();
        let number = signals.next().await;
        std::process::exit(128 + number);
    });
    Ok(token)
}

/// What asks a node to take no more calls, and to take them again.
pub(crate) struct DrainSignals {
    drain: Signal,
    open: Signal,
}

impl DrainSignals {
    /// Listens from now on.
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self { drain: signal(SignalKind::user_defined1())?, open: signal(SignalKind::user_defined2())? })
    }

    /// Waits for the next; true when no more calls are taken.
    pub(crate) async fn next(&mut self) -> bool {
        tokio::select! {
            _ = self.drain.recv() => true,
            _ = self.open.recv() => false,
        }
    }
}

struct Signals {
    interrupt: Signal,
    terminate: Signal,
    /// None when whoever started us, e.g. `nohup`, has it ignored.
    hang_up: Option<Signal>,
}

impl Signals {
    fn new() -> io::Result<Self> {
        let hang_up = if is_ignored(SIGHUP) { None } else { Some(signal(SignalKind::hangup())?) };
        let (interrupt, terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        Ok(Self { interrupt, terminate, hang_up })
    }

    async fn next(&mut self) -> i32 {
        let hang_up = async {
            match &mut self.hang_up {
                Some(signal) => signal.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = self.interrupt.recv() => SIGINT,
            _ = self.terminate.recv() => SIGTERM,
            _ = hang_up => SIGHUP,
        }
    }
}

/// As the kernel has it for this process.
fn is_ignored(number: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or_default();
    mask & (1 << (number - 1)) != 0
}
