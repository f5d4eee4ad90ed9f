//! One run is one trace, and no process has to be told of it: the id of the trace is that of the run, and that of
//! its root follows from it. What a process did for a run without a span of its own around it hangs on the root.

use std::time::{Duration, SystemTime};

use opentelemetry::trace::{SpanContext, SpanId, TraceId};
use opentelemetry::{Context, KeyValue, Value};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{Span, SpanData, SpanProcessor};
use uuid::Uuid;

/// Names the run that a span is about.
const RUN: &str = "simulay.run.id";
/// Since when, in milliseconds of the UNIX epoch, that lasts which the span is about; other than for as long as
/// there was the span.
const SINCE: &str = "simulay.since_ms";
/// The span that is the root: the whole of a run.
const ROOT: &str = "run";

/// Puts spans into the traces of their runs; those of no run are let go of.
#[derive(Debug)]
pub(super) struct ByRun<P>(P);

impl<P> ByRun<P> {
    pub(super) const fn new(next: P) -> Self {
        Self(next)
    }
}

impl<P: SpanProcessor> SpanProcessor for ByRun<P> {
    fn on_start(&self, span: &mut Span, context: &Context) {
        self.0.on_start(span, context);
    }

    fn on_end(&self, span: SpanData) {
        if let Some(span) = placed(span) {
            self.0.on_end(span);
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.0.force_flush()
    }

    fn shutdown_with_timeout(&self, time: Duration) -> OTelSdkResult {
        self.0.shutdown_with_timeout(time)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.0.set_resource(resource);
    }
}

/// The span in the trace of its run.
fn placed(mut span: SpanData) -> Option<SpanData> {
    let run: Uuid = attribute(&span, RUN)?.as_str().parse().ok()?;
    let root = root(run);
    let own = span.span_context.span_id();
    let id = if span.name == ROOT { root } else { own };
    if span.name == ROOT {
        span.parent_span_id = SpanId::INVALID;
    } else if span.parent_span_id == SpanId::INVALID {
        (span.parent_span_id, span.parent_span_is_remote) = (root, true);
    }
    span.span_context = SpanContext::new(
        TraceId::from(run.as_u128()),
        id,
        span.span_context.trace_flags(),
        false,
        span.span_context.trace_state().clone(),
    );
    if let Some(since) = attribute(&span, SINCE).and_then(moment) {
        span.start_time = since.min(span.end_time);
    }
    span.attributes.retain(|attribute| attribute.key.as_str() != SINCE);
    Some(span)
}

/// The half of the run's id that chance made, which is never 0.
fn root(run: Uuid) -> SpanId {
    SpanId::from(run.as_u64_pair().1)
}

fn attribute<'a>(span: &'a SpanData, name: &str) -> Option<&'a Value> {
    let found = span.attributes.iter().find(|KeyValue { key, .. }| key.as_str() == name)?;
    Some(&found.value)
}

fn moment(value: &Value) -> Option<SystemTime> {
    let Value::I64(millis) = value else { return None };
    SystemTime::UNIX_EPOCH.checked_add(Duration::from_millis(u64::try_from(*millis).ok()?))
}

#[cfg(test)]
mod tests {
    use opentelemetry::InstrumentationScope;
    use opentelemetry::trace::{SpanKind, Status, TraceFlags, TraceState};
    use opentelemetry_sdk::trace::{SpanEvents, SpanLinks};

    use super::*;

    const RUN_ID: Uuid = Uuid::from_u128(0x0199_0000_0000_7000_8000_0000_0000_0001);

    /// A span as another process makes it, which has nothing around it.
    fn span(name: &'static str, attributes: Vec<KeyValue>) -> SpanData {
        let (trace, id) = (TraceId::from(1), SpanId::from(2));
        SpanData {
            span_context: SpanContext::new(trace, id, TraceFlags::SAMPLED, false, TraceState::default()),
            parent_span_id: SpanId::INVALID,
            parent_span_is_remote: false,
            span_kind: SpanKind::Internal,
            name: name.into(),
            start_time: SystemTime::UNIX_EPOCH + Duration::from_secs(90),
            end_time: SystemTime::UNIX_EPOCH + Duration::from_secs(100),
            attributes,
            dropped_attributes_count: 0,
            events: SpanEvents::default(),
            links: SpanLinks::default(),
            status: Status::Unset,
            instrumentation_scope: InstrumentationScope::default(),
        }
    }

    fn of_run() -> KeyValue {
        KeyValue::new(RUN, RUN_ID.to_string())
    }

    #[test]
    fn what_another_process_did_hangs_on_the_root_that_it_never_saw() {
        let root = placed(span(ROOT, vec![of_run()])).unwrap();
        let container = placed(span("container", vec![of_run()])).unwrap();
        assert_eq!(container.span_context.trace_id(), TraceId::from(RUN_ID.as_u128()));
        assert_eq!(container.span_context.trace_id(), root.span_context.trace_id());
        assert_eq!(container.parent_span_id, root.span_context.span_id());
        assert_eq!(
            (container.span_context.span_id(), root.parent_span_id),
            (SpanId::from(2), SpanId::INVALID)
        );
    }

    #[test]
    fn what_is_inside_another_span_stays_there() {
        let inside = SpanData { parent_span_id: SpanId::from(7), ..span("commit", vec![of_run()]) };
        assert_eq!(placed(inside).unwrap().parent_span_id, SpanId::from(7));
    }

    #[test]
    fn what_is_of_no_run_is_let_go_of() {
        assert!(placed(span("look", Vec::new())).is_none());
        assert!(placed(span("look", vec![KeyValue::new(RUN, "?")])).is_none());
    }

    #[test]
    fn what_lasted_longer_than_its_span_begins_when_it_began_and_never_after_its_end() {
        let begins = |since: i64| {
            let placed = placed(span("queue", vec![of_run(), KeyValue::new(SINCE, since)])).unwrap();
            assert!(attribute(&placed, SINCE).is_none());
            placed.start_time.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs()
        };
        assert_eq!((begins(5_000), begins(900_000), begins(-1)), (5, 100, 90));
    }
}
