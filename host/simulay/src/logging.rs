//! The log of a process that serves.

use anyhow::anyhow;
use tracing_subscriber::EnvFilter;

use crate::configuration::{Log, LogFormat};
use crate::fault::Usage;
use crate::panics;

/// Begins to write the log on standard error, panics too.
///
/// # Errors
/// When the filter is not valid, or a log was begun before.
pub(crate) fn begin(log: &Log) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(&log.filter)
        .map_err(|error| Usage(format!("log.filter `{}` is not valid: {error}", log.filter)))?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let begun = match log.format {
        LogFormat::Text => builder.with_ansi(false).try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    };
    begun.map_err(|error| anyhow!("the log cannot begin: {error}"))?;
    std::panic::set_hook(Box::new(panics::log));
    Ok(())
}
