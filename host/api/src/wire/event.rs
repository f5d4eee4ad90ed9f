//! What happened to a run.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use simulay_model as model;
use simulay_model::Document;
use utoipa::ToSchema;

/// One thing that happened to a run; the `data` of a server-sent event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Event {
    /// The run.
    #[schema(value_type = uuid::Uuid)]
    pub run: model::RunId,
    /// Its place, without gaps from 1; the `id` of the server-sent event.
    pub sequence: u64,
    /// When it was stored.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// `run.queued`, `run.started`, `step.planned`, `call.started`, `call.ended`, `log`,
    /// `run.cancel_requested` or, at the very end, `run.ended`.
    pub kind: String,
    /// What there is to say, by kind.
    #[schema(value_type = Value)]
    pub data: Document,
}

impl TryFrom<model::Event> for Event {
    type Error = serde_json::Error;

    fn try_from(event: model::Event) -> Result<Self, serde_json::Error> {
        let model::Event { run, sequence, at, data } = event;
        Ok(Self { run, sequence, at, kind: data.kind().to_owned(), data: data.document()? })
    }
}
