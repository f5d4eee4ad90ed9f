//! Figures that follow from what `tracing` is told: how long the store takes for each operation, and events that
//! count. Names and labels are those of the program's text, but for the names of nodes, which the operator gives.

use std::time::Instant;

use metrics::{counter, histogram};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id};
use tracing::{Event, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

use super::traces::OF_STORE;

/// Events that count: `monotonic_counter.NAME` says what and how many.
const COUNTS: &str = "simulay::count";
const PREFIX: &str = "monotonic_counter.";
const NODE: &str = "node";

/// Makes metrics of spans and events.
pub(super) struct Figures;

/// When an operation began.
struct Begun(Instant);

/// What an event counts.
#[derive(Default)]
struct Count {
    name: Option<&'static str>,
    by: u64,
    node: Option<String>,
}

/// True for what becomes a figure.
pub(super) fn is_counted(about: &Metadata<'_>) -> bool {
    if about.is_span() { about.target() == OF_STORE } else { about.target() == COUNTS }
}

impl<S> Layer<S> for Figures
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    fn on_new_span(&self, _: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        if let Some(span) = context.span(id) {
            span.extensions_mut().insert(Begun(Instant::now()));
        }
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let Some(span) = context.span(&id) else { return };
        if let Some(Begun(begun)) = span.extensions().get() {
            histogram!("simulay_store_seconds", "operation" => span.name()).record(begun.elapsed());
        }
    }

    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut count = Count::default();
        event.record(&mut count);
        let Count { name: Some(name), by, node } = count else { return };
        let name = format!("simulay_{name}_total");
        match node {
            Some(node) => counter!(name, NODE => node).increment(by),
            None => counter!(name).increment(by),
        }
    }
}

impl Visit for Count {
    fn record_u64(&mut self, field: &Field, value: u64) {
        if let Some(name) = field.name().strip_prefix(PREFIX) {
            (self.name, self.by) = (Some(name), value);
        }
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.record_u64(field, u64::try_from(value).unwrap_or_default());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == NODE {
            self.node = Some(value.to_owned());
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        if field.name() == NODE {
            self.node = Some(format!("{value:?}"));
        }
    }
}
