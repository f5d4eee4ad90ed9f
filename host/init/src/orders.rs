//! What reaches init from outside, as one queue.

use std::io::{ErrorKind, Read};
use std::sync::mpsc::SyncSender;

use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use simulay_init::frames::{Decoder, Order};

use crate::user::is_of_job;

/// Something happened.
pub(crate) enum Event {
    /// The host says so.
    Order(Order),
    /// No host can say anything any more.
    Deaf,
    /// `docker stop`.
    Stop,
    /// The command ended and its outputs are known.
    Ended,
}

/// Reads orders until there are no more. Frames that were damaged are skipped.
pub(crate) fn listen(mut host: impl Read, events: &SyncSender<Event>) {
    let mut decoder = Decoder::<Order>::default();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match host.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => {
                let bytes = buffer.get(..read).unwrap_or_default();
                let orders = decoder.feed(bytes).into_iter().flatten();
                orders.for_each(|order| drop(events.send(Event::Order(order))));
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => break,
        }
    }
    let _ = events.send(Event::Deaf);
}

/// Keeps SIGTERM from this thread and those it starts, for [`watch`] to find.
pub(crate) fn block_stop() -> nix::Result<SignalFd> {
    let mask = SigSet::from(Signal::SIGTERM);
    mask.thread_block()?;
    SignalFd::with_flags(&mask, SfdFlags::SFD_CLOEXEC)
}

/// Passes each SIGTERM on, but for those of a job, which may reach a thread of init that is its user.
pub(crate) fn watch(signals: &SignalFd, events: &SyncSender<Event>) {
    loop {
        match signals.read_signal() {
            Ok(Some(signal)) if !is_of_job(signal.ssi_uid) => drop(events.send(Event::Stop)),
            Ok(_) | Err(nix::Error::EINTR) => {}
            Err(_) => return,
        }
    }
}
