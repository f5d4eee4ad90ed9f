//! The audit log: what was done, by whom and from where.
//!
//! # Flow
//! Whoever does something for somebody records it before he answers ([`AuditLog::record`]). Of what was refused, and of what
//! changes nothing when it is done again, equal requests within a minute are recorded once, and then counted (`repeats`),
//! so that nobody fills the disk with them.

mod repeats;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use simulay_model::{AuditEntry, AuditHead, AuditRecord, Chain, Clock};
use simulay_store::{Audit, AuditQuery};
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tokio_util::task::TaskTracker;
use tracing::Instrument as _;

use self::repeats::Repeats;
use crate::EngineError;

/// Between two tellings of what was counted.
const MINUTE: Duration = Duration::from_secs(60);

/// When a record is written.
#[derive(Clone, Copy)]
enum Haste {
    Now,
    /// With what is written next.
    InCompany,
}

/// The audit log. Cheap to clone.
#[derive(Clone)]
pub struct AuditLog {
    store: Arc<dyn Audit>,
    clock: Arc<dyn Clock>,
    repeats: Arc<Mutex<Repeats>>,
    lost: Arc<AtomicU64>,
    at_work: TaskTracker,
}

impl AuditLog {
    /// The log in `store`, by `clock`.
    #[must_use]
    pub fn new(store: Arc<dyn Audit>, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock, repeats: Arc::default(), lost: Arc::default(), at_work: TaskTracker::new() }
    }

    /// Puts a record at the end of the log.
    ///
    /// # Errors
    /// When the store does not take it.
    pub async fn append(&self, entry: AuditEntry) -> Result<AuditHead, EngineError> {
        Ok(self.store.append(self.clock.now(), entry).await?)
    }

    /// Records what somebody asked for, before he is answered; also when he goes meanwhile. A record that the store does
    /// not take is logged and counted: what was done stays done.
    pub async fn record(&self, entry: AuditEntry) {
        if let Some(recording) = self.begin(entry, Haste::Now) {
            // It ends early with the runtime only.
            let _ = recording.await;
        }
    }

    /// Begins to record what somebody asked for who is answered later, when what this gives has ended, in one transaction
    /// with what is written meanwhile; nothing when it is only counted. Whoever drops what it gives does not end it.
    #[must_use]
    pub fn record_soon(&self, entry: AuditEntry) -> Option<JoinHandle<()>> {
        self.begin(entry, Haste::InCompany)
    }

    /// Records what somebody asked for who has gone.
    pub fn record_later(&self, entry: AuditEntry) {
        drop(self.begin(entry, Haste::Now));
    }

    fn begin(&self, entry: AuditEntry, haste: Haste) -> Option<JoinHandle<()>> {
        let counted = self.repeats.lock().count(&entry);
        if counted { None } else { self.keep_all(vec![entry], haste) }
    }

    /// Records these, one after the other, whoever waits for it.
    fn keep_all(&self, entries: Vec<AuditEntry>, haste: Haste) -> Option<JoinHandle<()>> {
        let (log, runtime) = (self.clone(), Handle::try_current());
        let lost = runtime.inspect_err(|error| entries.iter().for_each(|entry| self.lose(entry, error)));
        let runtime = lost.ok()?;
        let recording = async move {
            for entry in entries {
                log.keep(entry, haste).await;
            }
        };
        Some(self.at_work.spawn_on(recording.in_current_span(), &runtime))
    }

    async fn keep(&self, entry: AuditEntry, haste: Haste) {
        let now = self.clock.now();
        let kept = match haste {
            Haste::Now => self.store.append(now, entry.clone()).await.map(drop),
            Haste::InCompany => match self.store.append_soon(now, entry.clone()).await {
                Ok(durable) => durable.await,
                Err(error) => Err(error),
            },
        };
        if let Err(error) = kept {
            self.lose(&entry, &Chain(&error));
        }
    }

    fn lose(&self, entry: &AuditEntry, error: &dyn std::fmt::Display) {
        self.lost.fetch_add(1, Ordering::Relaxed);
        self.repeats.lock().forget(entry);
        // In the form of a record that has no place, and by its rules.
        let lost = AuditRecord::seal(self.clock.now(), entry, None).line();
        tracing::error!(lost, %error, "the audit log did not take a record");
    }

    /// How many records the store did not take since the host started.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    /// Records how often what was counted came again since the last time; also when the caller goes meanwhile.
    pub async fn tell_repeats(&self) {
        let told = std::mem::take(&mut *self.repeats.lock()).told().collect();
        if let Some(recording) = self.keep_all(told, Haste::Now) {
            let _ = recording.await;
        }
    }

    pub(crate) async fn tell_forever(self) {
        loop {
            tokio::time::sleep(MINUTE).await;
            self.tell_repeats().await;
        }
    }

    /// Records what is not recorded yet; for the end of the host.
    pub async fn settle(&self) {
        self.at_work.close();
        self.at_work.wait().await;
        self.tell_repeats().await;
    }

    /// The last record; none in an empty log.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn head(&self) -> Result<Option<AuditHead>, EngineError> {
        Ok(self.store.head().await?)
    }

    /// Records that match, from the oldest.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn page(&self, query: AuditQuery) -> Result<Vec<AuditRecord>, EngineError> {
        Ok(self.store.page(query).await?)
    }
}
