//! Spans of what happens to a run, for whoever follows it through the processes, and of what the store is asked for.
//! Each names its run: whoever collects them needs nothing else to put them together. Who collects none, pays
//! nothing.

use simulay_model::{ContainerCall, ErrorKind, Run, RunEnd, RunId, RunState, Stage};
use tracing::Span;
use tracing::field::Empty;

/// A request becomes a run.
pub(crate) fn accept(run: &Run) -> Span {
    tracing::info_span!(
        target: "simulay::run", "accept", otel.kind = "server",
        simulay.run.id = %run.id, simulay.pipeline = %run.plugin.name, simulay.version = %run.plugin.version,
    )
}

/// A run waited for its turn, from when it was accepted until now.
pub(crate) fn waited(run: &Run) {
    let since = run.created_at.as_millisecond();
    tracing::info_span!(
        target: "simulay::run", parent: None, "queue", otel.kind = "consumer",
        simulay.run.id = %run.id, simulay.since_ms = since,
    );
}

/// This process works on a run.
pub(crate) fn pass(run: RunId) -> Span {
    tracing::info_span!(target: "simulay::run", "pass", simulay.run.id = %run)
}

/// A run is in a stage.
pub(crate) fn stage(run: RunId, stage: Stage) -> Span {
    let name = match stage {
        Stage::PreProcess => "pre-process",
        Stage::Simulate => "simulate",
        Stage::PostProcess => "post-process",
    };
    tracing::info_span!(target: "simulay::run", "stage", otel.name = name, simulay.run.id = %run)
}

/// One attempt at a container call, by step, index and number.
pub(crate) fn attempt(run: RunId, call: &ContainerCall, (step, index, attempt): (u32, u32, u32)) -> Span {
    tracing::info_span!(
        target: "simulay::run", "attempt", otel.kind = "client",
        simulay.run.id = %run, simulay.call = call.name, simulay.step = step, simulay.call.index = index,
        simulay.attempt = attempt, container.image.name = %call.image,
        error.type = Empty, otel.status_code = Empty,
    )
}

/// A run has ended: the whole of it, from when it was accepted until now.
pub(crate) fn ended(run: &Run, (state, error): (RunState, Option<ErrorKind>)) {
    let (since, state) = (run.created_at.as_millisecond(), state.as_str());
    let span = tracing::info_span!(
        target: "simulay::run", "run",
        simulay.run.id = %run.id, simulay.pipeline = %run.plugin.name, simulay.version = %run.plugin.version,
        simulay.since_ms = since, simulay.run.state = state, error.type = Empty, otel.status_code = Empty,
    );
    if let Some(kind) = error {
        fail(&span, kind);
    }
}

/// How a run ends, as far as traces tell.
pub(crate) fn outcome(end: &RunEnd) -> (RunState, Option<ErrorKind>) {
    let error = match end {
        RunEnd::Failed(error) | RunEnd::TimedOut(error) => Some(error.kind),
        RunEnd::Succeeded(_) | RunEnd::Cancelled => None,
    };
    (end.state(), error)
}

/// What the span is about failed.
pub(crate) fn fail(span: &Span, kind: ErrorKind) {
    let kind: &'static str = kind.into();
    span.record("error.type", kind).record("otel.status_code", "ERROR");
}

/// The store is asked to take a run.
pub(crate) fn create(run: RunId) -> Span {
    tracing::info_span!(target: "simulay::store", "create", otel.kind = "client", simulay.run.id = %run)
}

/// The store is asked for a lease.
pub(crate) fn lease(run: RunId) -> Span {
    tracing::info_span!(target: "simulay::store", "lease", otel.kind = "client", simulay.run.id = %run)
}

/// The store is asked to keep a change of a run.
pub(crate) fn commit(run: RunId) -> Span {
    tracing::info_span!(target: "simulay::store", "commit", otel.kind = "client", simulay.run.id = %run)
}

/// The store is asked for runs that wait.
pub(crate) fn look() -> Span {
    tracing::info_span!(target: "simulay::store", "look", otel.kind = "client")
}
