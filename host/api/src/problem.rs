//! Refusals: every status code but those of success is in this file.

mod causes;
mod documented;

use std::error::Error;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use simulay_model::Chain;

use crate::wire::{Disagreement, FieldError, Lack, Problem, ProblemKind};

pub(crate) use documented::{Refused, description, every_kind, response as default_response};

/// What a refusal came of.
type Cause = Box<dyn Error + Send + Sync>;

/// A request refused. [`Refusal::render`] makes the document once the request id is known.
#[derive(Debug, Clone)]
pub(crate) struct Refusal {
    kind: ProblemKind,
    detail: Box<str>,
    field: Option<Box<str>>,
    errors: Box<[FieldError]>,
    pub(crate) disagreements: Box<[Disagreement]>,
    pub(crate) missing: Box<[Lack]>,
    /// Seconds after which another attempt may succeed, when it is known better than by the kind.
    retry_after_s: Option<u64>,
    /// For the log only: may name paths, queries or what Docker said.
    cause: Option<Box<str>>,
}

/// Status and title of a kind.
pub(crate) const fn meaning(kind: ProblemKind) -> (StatusCode, &'static str) {
    use ProblemKind as Kind;
    match kind {
        Kind::InvalidJson => (StatusCode::BAD_REQUEST, "The body is not JSON"),
        Kind::InvalidHeader => (StatusCode::BAD_REQUEST, "A header is missing or wrong"),
        Kind::Unauthenticated => (StatusCode::UNAUTHORIZED, "The request does not show who asks"),
        Kind::Forbidden => (StatusCode::FORBIDDEN, "The role does not allow it"),
        Kind::NotFound => (StatusCode::NOT_FOUND, "There is no such thing"),
        Kind::MethodNotAllowed => (StatusCode::METHOD_NOT_ALLOWED, "The method is not offered here"),
        Kind::NotAcceptable => (StatusCode::NOT_ACCEPTABLE, "The accepted media types are not offered"),
        Kind::Gone => (StatusCode::GONE, "What came after that is not known any more"),
        Kind::RequestTimeout => (StatusCode::REQUEST_TIMEOUT, "The request took too long"),
        Kind::PluginNameTaken => (StatusCode::CONFLICT, "The name is another account's"),
        Kind::PluginVersionExists => (StatusCode::CONFLICT, "The version exists with other bytes"),
        Kind::PluginNotActive => (StatusCode::CONFLICT, "The version takes no new runs"),
        Kind::ApprovalNeeded => (StatusCode::CONFLICT, "What the plugin asks for is not approved"),
        Kind::ExamplesDisagree => (StatusCode::CONFLICT, "An example did not give what it expects"),
        Kind::NoVersionBefore => (StatusCode::CONFLICT, "There is no version to go back to"),
        Kind::RunNotCancellable => (StatusCode::CONFLICT, "The run has ended"),
        Kind::SweepConflict => (StatusCode::CONFLICT, "The sweep is not where that is possible"),
        Kind::RunExists => (StatusCode::CONFLICT, "Another run has this id"),
        Kind::TooManyLinks => (StatusCode::CONFLICT, "The run has as many links as it may"),
        Kind::IdempotencyInFlight => (StatusCode::CONFLICT, "The first request with this key is at work"),
        Kind::IdempotencyKeyReused => (StatusCode::UNPROCESSABLE_ENTITY, "Another request had this key"),
        Kind::PayloadTooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "The body is too large"),
        Kind::ParamsTooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "The parameters are too large"),
        Kind::UnsupportedMediaType => {
            (StatusCode::UNSUPPORTED_MEDIA_TYPE, "The media type of the body is not taken")
        }
        Kind::RangeNotSatisfiable => (StatusCode::RANGE_NOT_SATISFIABLE, "The range is past the end"),
        Kind::MisdirectedRequest => (StatusCode::MISDIRECTED_REQUEST, "The host name is not served here"),
        Kind::CrossSite => (StatusCode::FORBIDDEN, "A page of another site sent the request"),
        Kind::ProxyBypassed => (StatusCode::FORBIDDEN, "The request did not come through the proxy"),
        Kind::TooManyConnections => {
            (StatusCode::SERVICE_UNAVAILABLE, "The server has no connection to spare")
        }
        Kind::InvalidArchive => (StatusCode::UNPROCESSABLE_ENTITY, "The archive is not taken"),
        Kind::InvalidComponent => (StatusCode::UNPROCESSABLE_ENTITY, "Not a WebAssembly component"),
        Kind::ComponentTooComplex => (StatusCode::UNPROCESSABLE_ENTITY, "The component is too complex"),
        Kind::CompileTimeout => (StatusCode::UNPROCESSABLE_ENTITY, "The component takes too long to compile"),
        Kind::CompileMemory => {
            (StatusCode::UNPROCESSABLE_ENTITY, "The component takes too much memory to compile")
        }
        Kind::UnknownImport => {
            (StatusCode::UNPROCESSABLE_ENTITY, "The component imports what is not offered")
        }
        Kind::WorldMismatch => (StatusCode::UNPROCESSABLE_ENTITY, "The component does not fit the contract"),
        Kind::ManifestInvalid => (StatusCode::UNPROCESSABLE_ENTITY, "The manifest breaks a rule"),
        Kind::ManifestTooLarge => (StatusCode::UNPROCESSABLE_ENTITY, "The manifest is too large"),
        Kind::DescribeTimeout => (StatusCode::UNPROCESSABLE_ENTITY, "`describe` did not answer in time"),
        Kind::ParamsInvalid => (StatusCode::UNPROCESSABLE_ENTITY, "The request is not valid"),
        Kind::Simulation => (StatusCode::UNPROCESSABLE_ENTITY, "The plugin gave up"),
        Kind::PluginTrap => (StatusCode::UNPROCESSABLE_ENTITY, "The plugin trapped"),
        Kind::PluginCpuLimit => (StatusCode::UNPROCESSABLE_ENTITY, "The plugin used up its time"),
        Kind::PluginMemoryLimit => (StatusCode::UNPROCESSABLE_ENTITY, "The plugin used up its memory"),
        Kind::PluginHostcallLimit => {
            (StatusCode::UNPROCESSABLE_ENTITY, "The plugin asked the host for too much")
        }
        Kind::PluginResultTooLarge => (StatusCode::UNPROCESSABLE_ENTITY, "The plugin's answer is too large"),
        Kind::PluginResultInvalid => (StatusCode::UNPROCESSABLE_ENTITY, "The plugin's answer is wrong"),
        Kind::WorkerCrashed => (StatusCode::UNPROCESSABLE_ENTITY, "The process of the plugin died"),
        Kind::SpecDenied => (StatusCode::UNPROCESSABLE_ENTITY, "A container call asks for too much"),
        Kind::ImageNotAllowed => (StatusCode::UNPROCESSABLE_ENTITY, "An image is not allowed"),
        Kind::ImageUnavailable => (StatusCode::UNPROCESSABLE_ENTITY, "Docker does not have an image"),
        Kind::RateLimited => (StatusCode::TOO_MANY_REQUESTS, "Too many such requests"),
        Kind::QuotaExceeded => (StatusCode::TOO_MANY_REQUESTS, "A quota of the account is used up"),
        Kind::QueueFull => (StatusCode::TOO_MANY_REQUESTS, "Too many runs wait"),
        Kind::TooManySweeps => {
            (StatusCode::TOO_MANY_REQUESTS, "Too many sweeps of the account have not ended")
        }
        Kind::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "Simulay failed"),
        Kind::StorageCorrupt => (StatusCode::SERVICE_UNAVAILABLE, "Stored data is damaged"),
        Kind::StorageUnavailable => (StatusCode::SERVICE_UNAVAILABLE, "The server's storage does not answer"),
        Kind::DockerUnavailable => (StatusCode::SERVICE_UNAVAILABLE, "Docker does not answer"),
        Kind::IdentityUnavailable => {
            (StatusCode::SERVICE_UNAVAILABLE, "The provider of identities does not answer")
        }
        Kind::Draining => (StatusCode::SERVICE_UNAVAILABLE, "The server is stopping"),
        Kind::NotReady => (StatusCode::SERVICE_UNAVAILABLE, "The server is not ready"),
        Kind::StorageLow => (StatusCode::INSUFFICIENT_STORAGE, "The server cannot store more"),
    }
}

/// The status of a kind when no time that passes helps, but only something that is deleted.
pub(crate) const fn status_for_good(kind: ProblemKind) -> StatusCode {
    match kind {
        ProblemKind::QuotaExceeded => StatusCode::FORBIDDEN,
        kind => meaning(kind).0,
    }
}

/// Seconds after which another attempt may succeed, for those of whom no more is known.
const fn retry_after(kind: ProblemKind) -> Option<u64> {
    match kind {
        ProblemKind::RateLimited
        | ProblemKind::TooManyConnections
        | ProblemKind::QueueFull
        | ProblemKind::StorageUnavailable
        | ProblemKind::DockerUnavailable
        | ProblemKind::IdentityUnavailable
        | ProblemKind::Draining
        | ProblemKind::NotReady => Some(5),
        ProblemKind::IdempotencyInFlight => Some(1),
        ProblemKind::StorageLow | ProblemKind::TooManySweeps => Some(60),
        _ => None,
    }
}

impl Refusal {
    pub(crate) fn new(kind: ProblemKind, detail: impl Into<String>) -> Self {
        Self {
            kind,
            detail: detail.into().into_boxed_str(),
            field: None,
            errors: Box::default(),
            disagreements: Box::default(),
            missing: Box::default(),
            retry_after_s: None,
            cause: None,
        }
    }

    /// The same refusal, about `field`.
    pub(crate) fn at(mut self, field: impl Into<String>) -> Self {
        self.field = Some(field.into().into_boxed_str());
        self
    }

    /// The same refusal; another attempt may succeed after so many `seconds`.
    pub(crate) const fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after_s = Some(seconds);
        self
    }

    /// The same refusal; `cause` goes into the log, with all that caused it.
    pub(crate) fn because(mut self, cause: impl Into<Cause>) -> Self {
        self.cause = Some(Chain(&*cause.into()).to_string().into_boxed_str());
        self
    }

    pub(crate) fn not_found(what: &str) -> Self {
        Self::new(ProblemKind::NotFound, format!("there is no such {what}"))
    }

    /// A fault of ours: the client learns no more than that.
    pub(crate) fn internal(cause: impl Into<Cause>) -> Self {
        let detail = "Simulay failed; its log says more under the id of this request";
        Self::new(ProblemKind::Internal, detail).because(cause)
    }

    pub(crate) const fn kind(&self) -> ProblemKind {
        self.kind
    }

    fn retry_after_s(&self) -> Option<u64> {
        self.retry_after_s.or(retry_after(self.kind))
    }

    fn status(&self) -> StatusCode {
        if self.retry_after_s().is_some() { meaning(self.kind).0 } else { status_for_good(self.kind) }
    }

    /// What the log says of it: nothing of what a client sent, which may be a secret in the wrong place.
    pub(crate) fn cause(&self) -> &str {
        use ProblemKind::{InvalidHeader, InvalidJson, ParamsInvalid};
        let quotes = matches!(self.kind, InvalidHeader | InvalidJson | ParamsInvalid);
        let told = if quotes { "what was sent breaks a rule" } else { &self.detail };
        self.cause.as_deref().unwrap_or(told)
    }

    /// The response, with the headers that `bare` has already.
    pub(crate) fn render(self, bare: Response, request_id: &str) -> Response {
        let (status, (_, title), retry_after_s) = (self.status(), meaning(self.kind), self.retry_after_s());
        let (mut parts, _) = bare.into_parts();
        parts.status = status;
        parts.headers.remove(header::CONTENT_LENGTH);
        parts.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        parts.headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        let problem = Problem {
            problem_type: format!("/docs#problem-{}", self.kind),
            title: title.to_owned(),
            status: status.as_u16(),
            kind: self.kind,
            detail: self.detail.into_string(),
            request_id: request_id.to_owned(),
            field: self.field.map(str::into_string),
            errors: self.errors.into(),
            disagreements: self.disagreements.into(),
            missing: self.missing.into(),
            retry_after_s,
        };
        let body = serde_json::to_vec(&problem).unwrap_or_default();
        Response::from_parts(parts, body.into())
    }
}

impl IntoResponse for Refusal {
    /// The status, with the refusal as an extension: the boundary writes the document.
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        if let Some(seconds) = self.retry_after_s() {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response.extensions_mut().insert(self);
        response
    }
}
