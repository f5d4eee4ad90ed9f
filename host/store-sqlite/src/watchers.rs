//! Who waits for the next event of which run.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use simulay_model::RunId;
use tokio::sync::watch;

type Senders = HashMap<RunId, watch::Sender<u64>>;

/// Channels by run; one nobody listens to is dropped at the next chance.
#[derive(Clone, Default)]
pub(crate) struct Watchers(Arc<Mutex<Senders>>);

impl Watchers {
    pub(crate) fn subscribe(&self, run: RunId) -> watch::Receiver<u64> {
        let mut senders = self.lock();
        senders.retain(|_, sender| sender.receiver_count() > 0);
        senders.entry(run).or_insert_with(|| watch::Sender::new(0)).subscribe()
    }

    /// Tells that events up to `last` are stored.
    pub(crate) fn tell(&self, run: RunId, last: u64) {
        let mut senders = self.lock();
        if let Some(sender) = senders.get(&run) {
            sender.send_if_modified(|known| {
                let newer = last > *known;
                *known = last.max(*known);
                newer
            });
            if sender.receiver_count() == 0 {
                senders.remove(&run);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Senders> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn listeners_hear_of_newer_events_only() {
        let (watchers, run) = (Watchers::default(), RunId::generate());
        let mut heard = watchers.subscribe(run);
        watchers.tell(run, 3);
        assert_eq!(*heard.borrow_and_update(), 3);
        watchers.tell(run, 2);
        assert!(!heard.has_changed().unwrap());
    }

    #[test]
    fn a_run_nobody_listens_to_costs_nothing() {
        let watchers = Watchers::default();
        let (told, left) = (RunId::generate(), RunId::generate());
        drop(watchers.subscribe(told));
        watchers.tell(told, 1);
        assert!(watchers.lock().is_empty());
        drop(watchers.subscribe(left));
        let _listener = watchers.subscribe(told);
        assert_eq!(watchers.lock().len(), 1);
    }
}
