//! Documents are checked against the schemas of plugins on threads that may block, few at once. What one
//! check costs is bounded, and still more than an async thread can spare.

mod schemas;

use std::sync::Arc;

use serde_json::Value;
use simulay_model::schema::{FieldError, Schema};
use simulay_model::{Design, Document, Points, Weight};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::spawn_blocking;

use self::schemas::Schemas;
use crate::parsing::Parsing;
use crate::{CreateError, EngineError, memory};

/// Trees from this size on are worth the time to give their memory back.
const HEAVY: Weight = Weight(16 << 20);

/// The most bytes that the parameters of all points of a sweep have together.
const MAX_POINTS_BYTES: usize = 64 << 20;
/// Bytes of parameters after which no more points are made at once.
pub(crate) const BATCH_BYTES: usize = 16 << 20;

/// Places that are told of points which break their schema.
const MOST_TOLD: usize = 20;

/// Why a document is not taken.
pub(crate) enum Unfit {
    /// It breaks its schema; each place by JSON Pointer.
    Broken(Vec<FieldError>),
    /// It could not be checked.
    Engine(EngineError),
}

impl From<Unfit> for CreateError {
    fn from(unfit: Unfit) -> Self {
        match unfit {
            Unfit::Broken(errors) => Self::ParamsInvalid(errors),
            Unfit::Engine(error) => Self::Engine(error),
        }
    }
}

/// The places of checks at work.
pub(crate) struct Checks {
    threads: Option<Arc<Semaphore>>,
    parsing: Parsing,
    schemas: Schemas,
}

/// The permit for one check, on a thread of its own or, without one, on the thread that asks.
pub(crate) struct CheckPermit {
    thread: Option<OwnedSemaphorePermit>,
    parsing: Parsing,
    schemas: Schemas,
}

impl Checks {
    /// So many `threads`, and `bytes` for what they parse.
    pub(crate) fn new(threads: usize, bytes: u64) -> Self {
        let threads = (threads > 0).then(|| Arc::new(Semaphore::new(threads)));
        Self { threads, parsing: Parsing::new(bytes), schemas: Schemas::default() }
    }

    /// Waits for a permit.
    pub(crate) async fn permit(&self) -> Result<CheckPermit, EngineError> {
        let thread = match self.threads.clone() {
            Some(threads) => Some(threads.acquire_owned().await.map_err(EngineError::broken)?),
            None => None,
        };
        Ok(CheckPermit { thread, parsing: self.parsing.clone(), schemas: self.schemas.clone() })
    }
}

/// `document` with the defaults of `schema` filled in, when that is valid.
pub(crate) async fn complete(
    permit: CheckPermit,
    schema: &Value,
    document: &Document,
) -> Result<Document, Unfit> {
    apply(permit, schema, document, |schema, value| schema.complete(value).map(Document::from)).await
}

/// Checks `document` as it is.
pub(crate) async fn check(permit: CheckPermit, schema: &Value, document: &Document) -> Result<(), Unfit> {
    apply(permit, schema, document, |schema, value| schema.check(&value)).await
}

/// The parameters of these points of a design with the defaults of `schema` filled in, when all are valid; none of
/// them unless they are to be `kept`, and then only the first when all are too large to be made at once.
pub(crate) async fn points(
    permit: CheckPermit,
    schema: &Value,
    design: &Design,
    blocks: &[u32],
    points: Vec<u32>,
    kept: bool,
) -> Result<Vec<Document>, CreateError> {
    let weight = design.fixed.weight().map_err(|error| CreateError::ParamsInvalid(whole(error)))?;
    let (schema, design, blocks) = (permit.schemas.find(schema), design.clone(), blocks.to_vec());
    let work = move || {
        let schema = schema.compiled().map_err(whole)?;
        let all = Points::new(&design, &blocks).map_err(whole)?;
        let (mut params, mut errors, mut bytes) = (Vec::new(), Vec::new(), 0_usize);
        for point in points {
            match schema.complete(all.params(point)).map(Document::from) {
                Ok(valid) => {
                    bytes = bytes.saturating_add(valid.as_str().len());
                    params.extend(kept.then_some(valid));
                }
                Err(broken) => errors.extend(broken.into_iter().map(|error| of_point(point, error))),
            }
            if errors.len() >= MOST_TOLD || (kept && bytes >= BATCH_BYTES) {
                break;
            }
            if bytes > MAX_POINTS_BYTES {
                return Err(vec![too_large()]);
            }
        }
        if errors.is_empty() { Ok(params) } else { Err(errors) }
    };
    permit.work(weight, work).await.map_err(CreateError::Engine)?.map_err(CreateError::ParamsInvalid)
}

fn too_large() -> FieldError {
    let most = MAX_POINTS_BYTES >> 20;
    let message =
        format!("the parameters of all points are more than {most} MiB; make files of what is large");
    FieldError { pointer: "/points".to_owned(), message }
}

fn of_point(point: u32, FieldError { pointer, message }: FieldError) -> FieldError {
    FieldError { pointer: format!("/points/{point}{pointer}"), message: format!("point {point}: {message}") }
}

/// True when both say the same, in whatever order of keys.
pub(crate) async fn agree(permit: CheckPermit, one: &Document, two: &Document) -> bool {
    let (Ok(first), Ok(second)) = (one.weight(), two.weight()) else { return false };
    let weight = Weight(first.0.saturating_add(second.0));
    let (one, two) = (one.clone(), two.clone());
    permit.work(weight, move || one.says_the_same(&two)).await.unwrap_or(false)
}

async fn apply<T: Send + 'static>(
    permit: CheckPermit,
    schema: &Value,
    document: &Document,
    work: impl FnOnce(&Schema, Value) -> Result<T, Vec<FieldError>> + Send + 'static,
) -> Result<T, Unfit> {
    let weight = document.weight().map_err(|error| Unfit::Broken(whole(error)))?;
    let (schema, document) = (permit.schemas.find(schema), document.clone());
    let check = move || {
        let value = document.value().map_err(whole)?;
        // It was checked at upload, perhaps by a host that took more.
        work(&*schema.compiled().map_err(whole)?, value)
    };
    permit.work(weight, check).await.map_err(Unfit::Engine)?.map_err(Unfit::Broken)
}

impl CheckPermit {
    /// Does what parses `weight`. The permit is free again once that is done, whether or not anyone still
    /// waits for it.
    pub(crate) async fn work<T: Send + 'static>(
        self,
        weight: Weight,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, EngineError> {
        let room = self.parsing.room(weight).await;
        let Some(thread) = self.thread else { return Ok(work()) };
        let done = spawn_blocking(move || {
            let _held = (thread, room);
            let worked = work();
            if weight >= HEAVY {
                memory::give_back();
            }
            worked
        });
        done.await.map_err(EngineError::broken)
    }
}

/// An error of the document as a whole.
fn whole(error: impl ToString) -> Vec<FieldError> {
    vec![FieldError { pointer: String::new(), message: error.to_string() }]
}
