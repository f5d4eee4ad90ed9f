//! What those who watch a process are told before it has what it works with.

use std::sync::OnceLock;

use async_trait::async_trait;
use simulay_api::Watched;
use simulay_engine::{Engine, Lack, Part};

/// A process that waits for its records, until it has its engine.
#[derive(Default)]
pub(super) struct Opening(OnceLock<Engine>);

impl Opening {
    /// It waits no longer: from now on the engine tells what is missing.
    pub(super) fn end(&self, engine: &Engine) {
        // It is opened once.
        let _ = self.0.set(engine.clone());
    }
}

#[async_trait]
impl Watched for Opening {
    async fn lacks(&self) -> Vec<Lack> {
        match self.0.get() {
            Some(engine) => engine.lacks().await,
            None => vec![Lack {
                part: Part::Store,
                why: "it has not answered since the start".to_owned(),
                needed: true,
            }],
        }
    }

    fn metrics(&self) -> String {
        self.0.get().map(Watched::metrics).unwrap_or_default()
    }
}
