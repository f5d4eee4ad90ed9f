//! The log of a process that serves, on standard error.

use tracing::{Metadata, Subscriber};
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::Filter;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::{EnvFilter, Layer, fmt};

use super::traces;
use crate::configuration::{Log, LogFormat};
use crate::fault::Usage;

/// Writes what the filter lets through.
///
/// # Errors
/// When the filter is not valid.
pub(super) fn layer<S>(log: &Log) -> Result<Box<dyn Layer<S> + Send + Sync>, Usage>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    let wanted = EnvFilter::try_new(&log.filter)
        .map_err(|error| Usage(format!("log.filter `{}` is not valid: {error}", log.filter)))?;
    let layer = fmt::layer().with_writer(std::io::stderr);
    Ok(match log.format {
        LogFormat::Text => layer.with_ansi(false).with_filter(told(wanted)).boxed(),
        LogFormat::Json => layer.json().flatten_event(true).with_filter(told(wanted)).boxed(),
    })
}

/// Spans of traces would only repeat in each line which run it is about.
fn told<S>(wanted: EnvFilter) -> impl Filter<S> + Send + Sync + 'static
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    use tracing_subscriber::filter::FilterExt as _;
    wanted.and(filter_fn(|about: &Metadata<'_>| !traces::is_traced(about)))
}
