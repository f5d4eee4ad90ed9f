//! Works on runs: takes up those that wait, drives them, and looks after what is left behind.
//!
//! # Flow
//! [`Runner::start`] takes up what an earlier life left, then hears of new runs by signals; what was not
//! heard of is found every now and then by [`sweep`]. Each run is driven by a task of its own
//! ([`crate::drive`]), which waits for its turn.

pub(crate) mod sweep;

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, OnceLock};

use parking_lot::Mutex;
use simulay_model::{Chain, RunId, UnfinishedRun};
use simulay_signals::{Heard, Signal, Subscription, Topic};
use simulay_store::StoreError;
use tokio_util::sync::CancellationToken;

use crate::context::RunContext;
use crate::shared::Shared;
use crate::storage::ThrottledBlobs;
use crate::{EngineError, Parts, upkeep};

/// Works on runs. Cheap to clone.
#[derive(Clone)]
pub struct Runner {
    pub(crate) shared: Shared,
    /// What ends each run that this process works on.
    at_work: Arc<Mutex<HashMap<RunId, CancellationToken>>>,
    listening: Arc<OnceLock<()>>,
}

impl Runner {
    pub(crate) fn new(shared: Shared) -> Self {
        Self { shared, at_work: Arc::default(), listening: Arc::default() }
    }

    /// Takes up every unfinished run, from then on those that come, and removes containers whose run has
    /// ended. Gives the number of runs taken up.
    ///
    /// # Errors
    /// When the store does not answer; Docker may be absent.
    pub async fn start(&self) -> Result<usize, EngineError> {
        // Before the look, so that no run falls between the two.
        self.listen();
        let unfinished = self.take_up().await?;
        self.until_shutdown(sweep::forever(self.clone()));
        let Shared { parts, kept, settings, last_jump, .. } = self.shared.clone();
        self.until_shutdown(upkeep::forever(parts, kept, settings.retention.clone(), last_jump));
        Ok(unfinished)
    }

    fn until_shutdown(&self, work: impl Future<Output = ()> + Send + 'static) {
        let shutdown = self.shared.shutdown.clone();
        self.shared.tasks.spawn(async move {
            shutdown.run_until_cancelled(work).await;
        });
    }

    /// Works on the runs that come from now on, as far as signals tell of them.
    pub fn listen(&self) {
        if self.listening.set(()).is_ok() {
            let work = self.shared.parts.signals.subscribe(Topic::Work);
            self.until_shutdown(self.clone().hear(work));
        }
    }

    async fn hear(self, mut work: Subscription) {
        loop {
            match work.next().await {
                Heard::Signal(Signal::RunQueued(run)) => self.launch(run),
                Heard::Signal(Signal::CancelRequested(run)) => self.stop(run),
                Heard::Signal(_) => {}
                Heard::Missed => {
                    if let Err(error) = self.take_up().await {
                        tracing::warn!(error = %Chain(&error), "runs that wait are not looked for");
                    }
                }
                Heard::Closed => return,
            }
        }
    }

    fn stop(&self, run: RunId) {
        if let Some(stop) = self.at_work.lock().get(&run) {
            stop.cancel();
        }
    }

    /// How many runs this process works on or waits to.
    pub(crate) fn unfinished(&self) -> usize {
        self.at_work.lock().len()
    }

    /// Takes up the runs that nobody works on, perhaps those of a host that is no more.
    pub(crate) async fn take_up(&self) -> Result<usize, StoreError> {
        let unfinished = self.shared.parts.runs.unfinished().await?;
        let count = unfinished.len();
        unfinished.into_iter().for_each(|run| self.launch(run));
        Ok(count)
    }

    /// Works on a run, unless it is at work.
    fn launch(&self, UnfinishedRun { id, owner, pipeline }: UnfinishedRun) {
        let stop = CancellationToken::new();
        match self.at_work.lock().entry(id) {
            Entry::Occupied(_) => return,
            Entry::Vacant(vacant) => vacant.insert(stop.clone()),
        };
        let (blobs, room) = (self.shared.parts.blobs.clone(), self.shared.room());
        let patient = ThrottledBlobs { blobs, room: room.clone(), stop: stop.clone() };
        let context = RunContext {
            parts: Parts { blobs: Arc::new(patient), ..self.shared.parts.clone() },
            room,
            settings: self.shared.settings.clone(),
            limits: self.shared.limits.clone(),
            logs: self.shared.logs.clone(),
            run: id,
            owner,
            pipeline,
            stop,
            draining: self.shared.shutdown.clone(),
        };
        let (letting_go, at_work) = (self.shared.letting_go.clone(), self.at_work.clone());
        self.shared.tasks.spawn(async move {
            letting_go.run_until_cancelled(context.drive()).await;
            at_work.lock().remove(&id);
        });
    }
}
