//! Traces of the runs, sent to a collector by OTLP. Spans wait in a bounded queue; one more than has room is
//! dropped, and nothing waits for the collector.

use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::{SpanExporter, WithExportConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{BatchConfigBuilder, BatchSpanProcessor, SdkTracerProvider};
use tracing::{Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::registry::LookupSpan;
use uuid::Uuid;

use super::by_run::ByRun;
use super::exporter::Telling;
use crate::fault::Usage;

/// Spans of what happens to a run.
const OF_RUNS: &str = "simulay::run";
/// Spans of what the store is asked for.
pub(super) const OF_STORE: &str = "simulay::store";
/// Spans that wait for the collector.
const WAITING: usize = 8192;
/// Spans sent at once.
const BATCH: usize = 512;
/// Between two batches that are not full.
const DELAY: Duration = Duration::from_secs(1);
/// For the collector to take a batch.
const PATIENCE: Duration = Duration::from_secs(5);

/// True for spans that become part of a trace.
pub(super) fn is_traced(about: &Metadata<'_>) -> bool {
    about.is_span() && [OF_RUNS, OF_STORE].contains(&about.target())
}

/// What sends spans to the collector at `address`, e.g. `http://collector:4317`. To be called in a runtime.
///
/// # Errors
/// When the address is not valid.
pub(super) fn provider(address: &str, role: &'static str) -> Result<SdkTracerProvider, Usage> {
    let wrong = |why: String| Usage(format!("telemetry.otlp `{address}`: {why}; write http://HOST:PORT"));
    if !address.starts_with("http://") {
        return Err(wrong("only http:// is spoken".to_owned()));
    }
    let exporter = SpanExporter::builder().with_tonic().with_endpoint(address).with_timeout(PATIENCE).build();
    let exporter = Telling::new(exporter.map_err(|error| wrong(error.to_string()))?, address);
    let bounds = BatchConfigBuilder::default()
        .with_max_queue_size(WAITING)
        .with_max_export_batch_size(BATCH)
        .with_scheduled_delay(DELAY)
        .build();
    let batches = BatchSpanProcessor::builder(exporter).with_batch_config(bounds).build();
    let provider = SdkTracerProvider::builder().with_resource(resource(role));
    Ok(provider.with_span_processor(ByRun::new(batches)).build())
}

fn resource(role: &str) -> Resource {
    Resource::builder_empty()
        .with_service_name(format!("simulay-{role}"))
        .with_attributes([
            KeyValue::new("service.namespace", "simulay"),
            KeyValue::new("service.version", env!("CARGO_PKG_VERSION")),
            KeyValue::new("service.instance.id", Uuid::now_v7().to_string()),
        ])
        .build()
}

/// Makes spans of the traces of `provider`.
pub(super) fn layer<S>(provider: &SdkTracerProvider) -> impl Layer<S> + use<S>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    tracing_opentelemetry::layer()
        .with_tracer(provider.tracer("simulay"))
        .with_location(false)
        .with_threads(false)
        .with_target(false)
        .with_tracked_inactivity(false)
        .with_filter(filter_fn(is_traced))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_address_that_is_none_is_refused_by_its_name() {
        for wrong in ["collector:4317", "https://collector:4317", "http://"] {
            let told = provider(wrong, "serve").err().map(|refused| refused.to_string()).unwrap_or_default();
            assert!(told.contains("telemetry.otlp"), "{wrong}: {told}");
        }
        assert!(provider("http://127.0.0.1:1", "serve").is_ok());
    }
}
