//! The time a request that streams nothing may take.

use std::time::Duration;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use crate::prefer::wait;
use crate::problem::Refusal;
use crate::wire::ProblemKind;

/// Ends a request after `time`.
pub(crate) async fn bounded(State(time): State<Duration>, request: Request, next: Next) -> Response {
    let late = |_| Refusal::new(ProblemKind::RequestTimeout, "the request took too long; try again");
    let answered = tokio::time::timeout(time, next.run(request)).await;
    answered.map_err(late).unwrap_or_else(|refusal| refusal.into_response())
}

/// Ends a request after `time` and the time its client would wait.
pub(crate) async fn waiting(State(time): State<Duration>, request: Request, next: Next) -> Response {
    let time = time + wait(request.headers()).unwrap_or_default();
    bounded(State(time), request, next).await
}
