//! What a process that serves tells of itself: its log, its figures, and traces of the runs.
//!
//! The crates of the host speak to `tracing` alone. A layer each makes of that what is told where.

mod by_run;
mod exporter;
mod figures;
mod log;
mod traces;

use std::time::Duration;

use anyhow::anyhow;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::configuration::Settings;
use crate::panics;

/// For the last spans to reach the collector when the process stops.
const FAREWELL: Duration = Duration::from_secs(2);

/// What has to be told before the process ends.
pub(crate) struct Telemetry {
    traces: Option<SdkTracerProvider>,
}

/// Begins to write the log, panics too, to count, and to send traces where the settings say so. `role` is what
/// this process is: `serve`, `api`, `runner` or `containers`.
///
/// # Errors
/// When the filter of the log or the collector's address is not valid, or a log was begun before.
pub(crate) fn begin(settings: &Settings, role: &'static str) -> anyhow::Result<Telemetry> {
    let log = log::layer(&settings.log)?;
    let collector = settings.telemetry.otlp.as_deref();
    let traces = collector.map(|collector| traces::provider(collector, role)).transpose()?;
    let figures = figures::Figures.with_filter(filter_fn(figures::is_counted));
    let begun = tracing_subscriber::registry()
        .with(log)
        .with(figures)
        .with(traces.as_ref().map(traces::layer))
        .try_init();
    begun.map_err(|error| anyhow!("the log cannot begin: {error}"))?;
    std::panic::set_hook(Box::new(panics::log));
    Ok(Telemetry { traces })
}

impl Telemetry {
    /// Sends what is left, for a short time.
    pub(crate) async fn end(self) {
        let Some(traces) = self.traces else { return };
        let ended = tokio::task::spawn_blocking(move || traces.shutdown_with_timeout(FAREWELL));
        if !matches!(ended.await, Ok(Ok(()))) {
            tracing::info!("the last spans of the traces are lost");
        }
    }
}

#[cfg(test)]
mod tests;
