//! The middleware of the server: every request gets an id, is measured and logged once; every
//! refusal becomes a problem document.

use std::any::Any;
use std::time::Instant;

use axum::body::Body;
use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderName, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use simulay_model::without_tokens;
use tracing::{Instrument as _, field};
use uuid::Uuid;

use crate::problem::Refusal;
use crate::telemetry;
use crate::wire::ProblemKind;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const VERSION: HeaderName = HeaderName::from_static("simulay-version");
const MAX_LOGGED_PATH: usize = 256;

/// The id of a request, for those whom it reaches.
#[derive(Clone)]
pub(crate) struct RequestId(pub(crate) String);

/// What a request is known by.
struct Known {
    id: String,
    method: Method,
    /// The pattern that matched; one word for all that match none, so that they stay few.
    route: String,
    path: String,
    begun: Instant,
}

impl Known {
    fn new(request: &Request) -> Self {
        let matched = request.extensions().get::<MatchedPath>();
        Self {
            id: given_id(request).unwrap_or_else(|| Uuid::now_v7().to_string()),
            method: request.method().clone(),
            route: matched.map_or("unmatched", MatchedPath::as_str).to_owned(),
            path: without_tokens(request.uri().path()).chars().take(MAX_LOGGED_PATH).collect(),
            begun: Instant::now(),
        }
    }
}

/// The id that a proxy gave, when it is a plain word.
fn given_id(request: &Request) -> Option<String> {
    let id = request.headers().get(REQUEST_ID)?.to_str().ok()?;
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let word = (1..=64).contains(&id.len()) && id.chars().all(plain);
    (word && without_tokens(id) == id).then(|| id.to_owned())
}

/// Wraps everything.
pub(crate) async fn cross(mut request: Request, next: Next) -> Response {
    let known = Known::new(&request);
    let (id, method, route) = (&known.id, &known.method, &known.route);
    // Who asks, `authorization` finds out.
    let span = tracing::info_span!("request", id, %method, route, account = field::Empty);
    request.extensions_mut().insert(RequestId(id.clone()));
    let response = next.run(request).instrument(span.clone()).await;
    let _entered = span.enter();
    finish(&known, response)
}

fn finish(known: &Known, mut response: Response) -> Response {
    let refusal = response.extensions_mut().remove::<Refusal>();
    log(known, &response, refusal.as_ref());
    telemetry::count(&known.method, &known.route, response.status(), known.begun.elapsed());
    let mut response = match refusal {
        Some(refusal) => refusal.render(response, &known.id),
        None => response,
    };
    guard(&mut response);
    // A page of another version is then told from ours.
    response.headers_mut().insert(VERSION, HeaderValue::from_static(env!("CARGO_PKG_VERSION")));
    if let Ok(id) = HeaderValue::from_str(&known.id) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    response
}

/// Headers that no answer goes without; what a handler set stays.
fn guard(response: &mut Response) {
    let headers = response.headers_mut();
    for (name, value) in [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CACHE_CONTROL, "no-store"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
        (header::REFERRER_POLICY, "no-referrer"),
    ] {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
}

fn log(known: &Known, response: &Response, refusal: Option<&Refusal>) {
    let (status, path) = (response.status().as_u16(), &known.path);
    let ms = u64::try_from(known.begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    match refusal {
        None => tracing::info!(status, path, ms, "answered"),
        Some(refusal) => {
            let (kind, cause) = (refusal.kind(), &*without_tokens(refusal.cause()));
            if kind == ProblemKind::Internal {
                tracing::error!(status, path, ms, %kind, cause, "failed");
            } else {
                tracing::info!(status, path, ms, %kind, cause, "refused");
            }
        }
    }
}

/// What becomes of a request whose handler panicked.
pub(crate) fn panicked(panic: Box<dyn Any + Send + 'static>) -> Response<Body> {
    let words = panic.downcast_ref::<&str>().map(|words| (*words).to_owned());
    let words = words.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
    Refusal::internal(format!("a handler panicked: {}", without_tokens(&words))).into_response()
}

/// No route matched.
pub(crate) async fn no_route() -> Refusal {
    let detail = "there is no such route; /docs lists those there are";
    Refusal::new(ProblemKind::NotFound, detail)
}

/// A route matched, its methods did not.
pub(crate) async fn no_method() -> Refusal {
    Refusal::new(ProblemKind::MethodNotAllowed, "the header `Allow` lists the methods offered here")
}
