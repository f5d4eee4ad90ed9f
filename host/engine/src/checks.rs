//! Documents are checked against the schemas of plugins on threads that may block, few at once. What one
//! check costs is bounded, and still more than an async thread can spare.

use std::sync::Arc;

use serde_json::Value;
use simulay_model::schema::{FieldError, Schema, SchemaError};
use simulay_store::StoreError;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::spawn_blocking;

/// Why a document is not taken.
pub(crate) enum Unfit {
    /// It breaks its schema; each place by JSON Pointer.
    Broken(Vec<FieldError>),
    /// It could not be checked.
    Store(StoreError),
}

/// The places of checks at work.
pub(crate) struct Checks(Option<Arc<Semaphore>>);

/// The place of one check, on a thread of its own or, without one, on the thread that asks.
pub(crate) struct CheckPlace(Option<OwnedSemaphorePermit>);

impl Checks {
    /// So many `threads`.
    pub(crate) fn new(threads: usize) -> Self {
        Self((threads > 0).then(|| Arc::new(Semaphore::new(threads))))
    }

    /// Waits for a place.
    pub(crate) async fn place(&self) -> Result<CheckPlace, StoreError> {
        let Some(threads) = self.0.clone() else { return Ok(CheckPlace(None)) };
        let place = threads.acquire_owned().await;
        place.map(|place| CheckPlace(Some(place))).map_err(|error| StoreError::Failed(error.to_string()))
    }
}

/// `document` with the defaults of `schema` filled in, when that is valid.
pub(crate) async fn complete(place: CheckPlace, schema: &Value, document: &Value) -> Result<Value, Unfit> {
    apply(place, schema, document, Schema::complete).await
}

/// Checks `document` as it is.
pub(crate) async fn check(place: CheckPlace, schema: &Value, document: &Value) -> Result<(), Unfit> {
    apply(place, schema, document, Schema::check).await
}

/// The place is free again once the work is done, whether or not anyone still waits for it.
async fn apply<T: Send + 'static>(
    CheckPlace(place): CheckPlace,
    schema: &Value,
    document: &Value,
    work: impl FnOnce(&Schema, &Value) -> Result<T, Vec<FieldError>> + Send + 'static,
) -> Result<T, Unfit> {
    let check = |schema: &Value, document: &Value| {
        // It was checked at upload, perhaps by a host that took more.
        let refused =
            |error: SchemaError| vec![FieldError { pointer: String::new(), message: error.to_string() }];
        Schema::new(schema).map_err(refused).and_then(|schema| work(&schema, document)).map_err(Unfit::Broken)
    };
    let Some(place) = place else { return check(schema, document) };
    let (schema, document) = (schema.clone(), document.clone());
    let done = spawn_blocking(move || {
        let _place = place;
        check(&schema, &document)
    });
    done.await.unwrap_or_else(|error| Err(Unfit::Store(StoreError::Failed(error.to_string()))))
}
