//! Documents are checked against the schemas of plugins on threads that may block, few at once. What one
//! check costs is bounded, and still more than an async thread can spare.

use std::sync::Arc;
use std::thread::available_parallelism;

use serde_json::Value;
use simulay_model::schema::{FieldError, Schema, SchemaError};
use simulay_model::{Document, Weight};
use simulay_store::StoreError;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::spawn_blocking;

use crate::parsing::Parsing;

/// Why a document is not taken.
pub(crate) enum Unfit {
    /// It breaks its schema; each place by JSON Pointer.
    Broken(Vec<FieldError>),
    /// It could not be checked.
    Store(StoreError),
}

/// The places of checks at work.
pub(crate) struct Checks {
    places: Arc<Semaphore>,
    parsing: Parsing,
}

/// The place of a check; free again when dropped.
pub(crate) struct Place {
    _place: OwnedSemaphorePermit,
    parsing: Parsing,
}

impl Checks {
    /// One core stays for everything else, and what is parsed takes `bytes` at the most.
    pub(crate) fn new(bytes: u64) -> Self {
        let cores = available_parallelism().map_or(1, usize::from);
        let places = Arc::new(Semaphore::new(cores.saturating_sub(1).max(1)));
        Self { places, parsing: Parsing::new(bytes) }
    }

    /// Waits for a place.
    pub(crate) async fn place(&self) -> Result<Place, StoreError> {
        let place = self.places.clone().acquire_owned().await;
        let place = place.map_err(|error| StoreError::Failed(error.to_string()))?;
        Ok(Place { _place: place, parsing: self.parsing.clone() })
    }
}

/// `document` with the defaults of `schema` filled in, when that is valid.
pub(crate) async fn complete(place: Place, schema: &Value, document: &Document) -> Result<Document, Unfit> {
    apply(place, schema, document, |schema, value| schema.complete(value).map(Document::from)).await
}

/// Checks `document` as it is.
pub(crate) async fn check(place: Place, schema: &Value, document: &Document) -> Result<(), Unfit> {
    apply(place, schema, document, |schema, value| schema.check(&value)).await
}

/// True when both say the same, in whatever order of keys.
pub(crate) async fn agree(place: Place, one: &Document, two: &Document) -> bool {
    let (Ok(first), Ok(second)) = (one.weight(), two.weight()) else { return false };
    let room = place.parsing.room(Weight(first.0.saturating_add(second.0))).await;
    let (one, two) = (one.clone(), two.clone());
    let compared = spawn_blocking(move || {
        let _held = (place, room);
        one.says_the_same(&two)
    });
    compared.await.unwrap_or(false)
}

/// The place is free again once the work is done, whether or not anyone still waits for it.
async fn apply<T: Send + 'static>(
    place: Place,
    schema: &Value,
    document: &Document,
    work: impl FnOnce(&Schema, Value) -> Result<T, Vec<FieldError>> + Send + 'static,
) -> Result<T, Unfit> {
    let weight = document.weight().map_err(|error| Unfit::Broken(whole(error)))?;
    let room = place.parsing.room(weight).await;
    let (schema, document) = (schema.clone(), document.clone());
    let done = spawn_blocking(move || {
        let _held = (place, room);
        let value = document.value().map_err(whole)?;
        // It was checked at upload, perhaps by a host that took more.
        work(&Schema::new(&schema).map_err(|error: SchemaError| whole(error))?, value)
    });
    match done.await {
        Ok(done) => done.map_err(Unfit::Broken),
        Err(error) => Err(Unfit::Store(StoreError::Failed(error.to_string()))),
    }
}

/// An error of the document as a whole.
fn whole(error: impl ToString) -> Vec<FieldError> {
    vec![FieldError { pointer: String::new(), message: error.to_string() }]
}
