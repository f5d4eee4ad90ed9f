//! What nobody else looks after: containers left behind, runs that nobody works on, what the node has.

use std::time::Duration;

use simulay_model::{CallRecord, ContainerName};

use crate::{Engine, Parts};

/// Until Docker answers.
const WAIT: Duration = Duration::from_secs(2);
const PERIOD: Duration = Duration::from_secs(60);

/// Looks at once, and from then on every now and then.
pub(crate) async fn forever(engine: Engine) {
    loop {
        let pause = match containers(&engine).await {
            Ok(()) => PERIOD,
            Err(error) => {
                tracing::warn!(error, "containers are not swept yet");
                WAIT
            }
        };
        tokio::time::sleep(pause).await;
        if let Err(error) = engine.take_up().await {
            tracing::warn!(%error, "runs without a host are not looked for");
        }
    }
}

/// Learns what the node has, and removes the containers of this instance that nobody waits for.
async fn containers(engine: &Engine) -> Result<(), String> {
    let (parts, in_words) = (engine.parts(), |error: simulay_containers::ContainerError| error.to_string());
    if let Some(node) = parts.containers.capacity().await.map_err(in_words)? {
        engine.limits().learn(node);
    }
    for name in parts.containers.list().await.map_err(in_words)? {
        if is_left(parts, name).await? {
            tracing::info!(container = %name, "removing a container that nobody waits for");
            parts.containers.remove(name).await.map_err(in_words)?;
        }
    }
    Ok(())
}

/// True when its run has ended, or its call has, or another attempt at the call is at work.
async fn is_left(parts: &Parts, name: ContainerName) -> Result<bool, String> {
    let run = parts.runs.get(name.run).await.map_err(|error| error.to_string())?;
    if run.is_none_or(|run| run.state.is_end()) {
        return Ok(true);
    }
    let calls = parts.journal.calls(name.run).await.map_err(|error| error.to_string())?;
    let mut of_call = calls.iter().filter(|call| call.step == name.step && call.index == name.call);
    Ok(of_call.all(|CallRecord { attempt, end, .. }| *attempt > name.attempt || end.is_some()))
}
