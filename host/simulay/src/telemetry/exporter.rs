//! A collector that is gone costs a warning, once, and the spans.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{SpanData, SpanExporter};

/// Tells when spans begin to be lost, and when they are taken again.
#[derive(Debug)]
pub(super) struct Telling<E> {
    exporter: E,
    address: String,
    is_gone: AtomicBool,
}

impl<E> Telling<E> {
    pub(super) fn new(exporter: E, address: &str) -> Self {
        Self { exporter, address: address.to_owned(), is_gone: AtomicBool::new(false) }
    }

    fn tell(&self, exported: &OTelSdkResult) {
        let (address, was_gone) = (&self.address, self.is_gone.swap(exported.is_err(), Ordering::Relaxed));
        match exported {
            Err(error) if !was_gone => {
                tracing::warn!(address, %error, "traces are lost: the collector does not take them");
            }
            Ok(()) if was_gone => tracing::info!(address, "the collector takes traces again"),
            _ => {}
        }
    }
}

impl<E: SpanExporter> SpanExporter for Telling<E> {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let exported = self.exporter.export(batch).await;
        self.tell(&exported);
        exported
    }

    fn shutdown_with_timeout(&self, time: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(time)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.exporter.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}
