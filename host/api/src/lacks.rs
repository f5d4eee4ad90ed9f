//! What the server lacks, as it was found lately: however many ask, each part of it is asked now and then.

use std::sync::Arc;
use std::time::Duration;

use simulay_engine::{Engine, Lack};
use tokio::sync::Mutex;
use tokio::time::Instant;

/// For how long what was found is told.
const LATELY: Duration = Duration::from_secs(5);

/// What was found, and when.
type Found = (Instant, Vec<Lack>);

/// What the server lacks. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Lacks {
    engine: Engine,
    found: Arc<Mutex<Option<Found>>>,
}

impl Lacks {
    pub(crate) fn of(engine: Engine) -> Self {
        Self { engine, found: Arc::default() }
    }

    /// What was found lately; whoever comes first when that is long ago looks for all.
    pub(crate) async fn lately(&self) -> Vec<Lack> {
        let lacks = self.clone();
        // Apart from who asks: a client that stops reading in the middle holds up nobody else.
        match tokio::spawn(async move { lacks.look().await }).await {
            Ok(lacks) => lacks,
            Err(_) => self.look().await,
        }
    }

    async fn look(&self) -> Vec<Lack> {
        let mut found = self.found.lock().await;
        match &*found {
            Some((at, lacks)) if at.elapsed() < LATELY => lacks.clone(),
            _ => {
                let lacks = self.engine.readiness().await;
                *found = Some((Instant::now(), lacks.clone()));
                lacks
            }
        }
    }
}
