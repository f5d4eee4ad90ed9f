//! Logs within a process, for tests of what lies above.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream::{self, BoxStream};
use parking_lot::Mutex;
use tokio::sync::watch;

use super::{LogName, LogRelay, LogSource};

/// Who tells a log now, when somebody does.
type Source = Option<Arc<dyn LogSource>>;

/// Logs within a process. Clones share all they know, as processes share a relay.
#[derive(Clone, Default)]
pub struct LocalRelay(Arc<Mutex<HashMap<LogName, watch::Sender<Source>>>>);

#[async_trait]
impl LogRelay for LocalRelay {
    fn tell(&self, log: LogName, source: Arc<dyn LogSource>) {
        self.0.lock().entry(log).or_default().send_replace(Some(source));
    }

    fn follow(&self, log: LogName, from: u64) -> BoxStream<'static, Bytes> {
        let told = self.0.lock().entry(log).or_default().subscribe();
        stream::unfold((told, from), |(mut told, position)| async move {
            let bytes = next(&mut told, position).await?;
            let position = position + bytes.len() as u64;
            Some((bytes, (told, position)))
        })
        .boxed()
    }

    async fn told(&self, log: LogName) -> u64 {
        let source = self.0.lock().get(&log).and_then(|told| told.borrow().clone());
        source.map_or(0, |source| source.length())
    }
}

/// What is said from `position` on, by whoever tells it then.
async fn next(told: &mut watch::Receiver<Source>, position: u64) -> Option<Bytes> {
    loop {
        let source = told.borrow_and_update().clone();
        let more = async {
            match &source {
                Some(source) => source.after(position).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            bytes = more => return Some(bytes),
            another = told.changed() => another.ok()?,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn logs_within_a_process_keep_the_promises() {
        crate::conformance::check_relay(&LocalRelay::default()).await;
    }
}
