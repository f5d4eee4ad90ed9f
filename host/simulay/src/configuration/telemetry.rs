//! Where traces go.

use serde::Deserialize;

/// Where traces go.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Telemetry {
    /// A collector that takes OTLP by gRPC, e.g. `http://collector:4317`; none gets traces when not set.
    pub(crate) otlp: Option<String>,
}
