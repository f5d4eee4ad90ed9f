//! Refusals (RFC 9457).

use serde::{Deserialize, Serialize};
use simulay_model::schema;
use strum::{Display, EnumIter};
use utoipa::ToSchema;

use super::life::Disagreement;
use super::system::Lack;

/// Why a request was refused. The media type is `application/problem+json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// Where the kind is explained, relative to the server.
    #[serde(rename = "type")]
    #[schema(example = "/docs#problem-not_found")]
    pub problem_type: String,
    /// The kind in words.
    pub title: String,
    /// HTTP status.
    #[schema(example = 404)]
    pub status: u16,
    /// Stable kind, for programs.
    pub kind: ProblemKind,
    /// What happened here, and what to do.
    pub detail: String,
    /// Also in the header `X-Request-Id` and in the server's log.
    pub request_id: String,
    /// What the problem is about: a JSON Pointer into the body of the request, or the name of a
    /// query parameter, a header or a manifest field.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// Every place of `params` that breaks the pipeline's schema.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
    /// Every place where an example of a plugin did not give what it expects.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub disagreements: Vec<Disagreement>,
    /// What the server cannot reach, when it is not ready.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<Lack>,
    /// Seconds after which another attempt may succeed; also in `Retry-After`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_s: Option<u64>,
}

/// One place of `params` that breaks the pipeline's schema.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FieldError {
    /// JSON Pointer (RFC 6901) into `params`; empty for the whole of it.
    #[schema(example = "/mesh/cells")]
    pub pointer: String,
    /// The rule, in words.
    pub message: String,
}

impl From<schema::FieldError> for FieldError {
    fn from(error: schema::FieldError) -> Self {
        Self { pointer: error.pointer, message: error.message }
    }
}

/// The stable kinds of refusals; each has its own cause and cure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, Display, EnumIter, ToSchema)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
#[expect(missing_docs, reason = "the titles in `problem.rs` say what each kind is")]
pub enum ProblemKind {
    InvalidJson,
    InvalidHeader,
    Unauthenticated,
    Forbidden,
    NotFound,
    MethodNotAllowed,
    NotAcceptable,
    Gone,
    RequestTimeout,
    PluginNameTaken,
    PluginVersionExists,
    PluginNotActive,
    ApprovalNeeded,
    ExamplesDisagree,
    NoVersionBefore,
    RunNotCancellable,
    SweepConflict,
    RunExists,
    TooManyLinks,
    IdempotencyInFlight,
    IdempotencyKeyReused,
    PayloadTooLarge,
    ParamsTooLarge,
    UnsupportedMediaType,
    RangeNotSatisfiable,
    MisdirectedRequest,
    CrossSite,
    ProxyBypassed,
    TooManyConnections,
    InvalidArchive,
    InvalidComponent,
    ComponentTooComplex,
    CompileTimeout,
    CompileMemory,
    UnknownImport,
    WorldMismatch,
    ManifestInvalid,
    ManifestTooLarge,
    DescribeTimeout,
    ParamsInvalid,
    Simulation,
    PluginTrap,
    PluginCpuLimit,
    PluginMemoryLimit,
    PluginHostcallLimit,
    PluginResultTooLarge,
    PluginResultInvalid,
    WorkerCrashed,
    SpecDenied,
    ImageNotAllowed,
    ImageUnavailable,
    RateLimited,
    QuotaExceeded,
    QueueFull,
    TooManySweeps,
    Internal,
    StorageCorrupt,
    StorageUnavailable,
    DockerUnavailable,
    IdentityUnavailable,
    Draining,
    NotReady,
    StorageLow,
}
