//! What nobody else looks after: containers left behind, what the node has.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;
use std::time::Duration;

use simulay_model::{CallRecord, Chain, ContainerName, OwnerFilter, RunId};
use simulay_store::StoreError;

use crate::Parts;
use crate::shared::Shared;

/// Until Docker answers.
const WAIT: Duration = Duration::from_secs(2);
const PERIOD: Duration = Duration::from_secs(60);

/// Looks at once, and from then on every now and then, and when nodes have come or gone.
pub(super) async fn forever(shared: Arc<Shared>) {
    loop {
        match containers(&shared).await {
            // What came or went is looked at whole: a node that is back may have what nobody waits for any more.
            Ok(()) => {
                let changed = shared.parts.containers.capacity_changed();
                let _ = tokio::time::timeout(PERIOD, changed).await;
            }
            // A change that nobody could look at yet is still one: only time keeps this from spinning.
            Err(error) => {
                tracing::warn!(error, "containers are not swept yet");
                tokio::time::sleep(WAIT).await;
            }
        }
    }
}

/// Learns what the node has, and removes the containers of this instance that nobody waits for.
async fn containers(shared: &Shared) -> Result<(), String> {
    let (parts, in_words) = (&shared.parts, |error: simulay_containers::ContainerError| error.to_string());
    if let Some(node) = parts.containers.capacity().await.map_err(in_words)? {
        shared.limits.learn(node);
    }
    let (mut runs, mut swept) = (HashMap::new(), Ok(()));
    for name in parts.containers.list().await.map_err(in_words)? {
        let calls = match runs.entry(name.run) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(unknown) => {
                let calls = calls(parts, name.run).await.map_err(|error| Chain(&error).to_string())?;
                unknown.insert(calls)
            }
        };
        if is_left(calls, name) {
            tracing::info!(container = %name, "removing a container that nobody waits for");
            // One that cannot be removed does not keep the others.
            swept = swept.and(parts.containers.remove(name, None).await.map_err(in_words));
        }
    }
    swept
}

/// The calls of a run; none of a run that has ended.
async fn calls(parts: &Parts, run: RunId) -> Result<Vec<CallRecord>, StoreError> {
    let found = parts.runs.summary(&OwnerFilter::Any, run).await?;
    if found.is_none_or(|run| run.state.is_end()) {
        return Ok(Vec::new());
    }
    parts.journal.calls(&OwnerFilter::Any, run).await
}

/// True when its run has ended, or its call has, or another attempt at the call is at work.
fn is_left(calls: &[CallRecord], name: ContainerName) -> bool {
    let mut of_call = calls.iter().filter(|call| call.step == name.step && call.index == name.call);
    of_call.all(|CallRecord { attempt, end, .. }| *attempt > name.attempt || end.is_some())
}
