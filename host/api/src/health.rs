//! Whether a process lives and works, for those who watch it: the same of every role, whether it serves anything
//! else or not.

use std::sync::Arc;

use async_trait::async_trait;
use axum::extract::State;
use axum::http::header;
use axum::middleware::from_fn;
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Json, Router};
use simulay_engine::{Engine, Lack};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::problem::Refusal;
use crate::wire::{Health, ProblemKind};
use crate::{ApiSettings, Transport, middleware, serve, telemetry};

/// A process that tells what it lacks.
#[async_trait]
pub trait Watched: Send + Sync {
    /// What keeps it from working or slows it down. Answers within seconds.
    async fn lacks(&self) -> Vec<Lack>;

    /// Its metrics, in the text format of Prometheus: all that were counted in this process.
    fn metrics(&self) -> String {
        telemetry::rendered()
    }
}

#[async_trait]
impl Watched for Engine {
    async fn lacks(&self) -> Vec<Lack> {
        self.readiness().await
    }

    fn metrics(&self) -> String {
        telemetry::text(&self.stats(), self.audit.lost())
    }
}

type Subject = Arc<dyn Watched>;

/// Answers `/healthz`, `/readyz` and `/metrics` for `watched` on `listener` until `stop`: in plain HTTP, without
/// asking who asks.
pub async fn watch(listener: TcpListener, watched: Arc<dyn Watched>, stop: CancellationToken) {
    telemetry::begin();
    serve(listener, Transport::Plain, router(watched), &ApiSettings::default(), stop).await;
}

fn router(watched: Subject) -> Router {
    Router::new()
        .route("/healthz", get(async || alive()))
        .route("/readyz", get(async |State(watched): State<Subject>| ready(watched.lacks().await)))
        .route("/metrics", get(async |State(watched): State<Subject>| metrics(&watched.metrics())))
        .method_not_allowed_fallback(middleware::no_method)
        .fallback(middleware::no_route)
        .with_state(watched)
        .layer(from_fn(middleware::cross))
}

pub(crate) fn alive() -> Json<Health> {
    Json(Health { status: "ok".to_owned(), missing: Vec::new() })
}

/// Refuses when something is out of reach that is needed.
pub(crate) fn ready(lacks: Vec<Lack>) -> Result<Json<Health>, Refusal> {
    let needed: Vec<_> = lacks.iter().filter(|lack| lack.needed).collect();
    let detail: Vec<_> = needed.iter().map(|lack| format!("{}: {}", lack.part.as_str(), lack.why)).collect();
    let missing = lacks.into_iter().map(Into::into).collect();
    if detail.is_empty() {
        return Ok(Json(Health { status: "ready".to_owned(), missing }));
    }
    let mut refusal = Refusal::new(ProblemKind::NotReady, detail.join("; "));
    refusal.missing = missing.into();
    Err(refusal)
}

pub(crate) fn metrics(text: &str) -> impl IntoResponse + use<> {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text.to_owned())
}

#[cfg(test)]
mod tests {
    use axum::body::{Body, to_bytes};
    use axum::extract::Request;
    use simulay_engine::Part;
    use tower::ServiceExt as _;

    use super::*;
    use crate::wire::Problem;

    struct Lacking(Vec<Part>);

    #[async_trait]
    impl Watched for Lacking {
        async fn lacks(&self) -> Vec<Lack> {
            let needed = |part: Part| !matches!(part, Part::Signals | Part::Runners);
            let lack =
                |part: &Part| Lack { part: *part, why: "it is away".to_owned(), needed: needed(*part) };
            self.0.iter().map(lack).collect()
        }
    }

    async fn asked(parts: &[Part], path: &str) -> (u16, String) {
        let router = router(Arc::new(Lacking(parts.to_vec())));
        let answer = router.oneshot(Request::get(path).body(Body::empty()).unwrap()).await.unwrap();
        let status = answer.status().as_u16();
        let body = to_bytes(answer.into_body(), 1 << 20).await.unwrap();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn a_process_lives_whatever_it_lacks() {
        let told = asked(&[Part::Store], "/healthz").await;
        assert_eq!(told, (200, "{\"status\":\"ok\"}".to_owned()));
    }

    #[tokio::test]
    async fn what_it_needs_and_lacks_is_told_by_part() {
        let (status, body) = asked(&[Part::Store, Part::Signals], "/readyz").await;
        let problem: Problem = serde_json::from_str(&body).unwrap();
        assert_eq!((status, problem.detail.as_str()), (503, "store: it is away"));
        let parts: Vec<_> = problem.missing.iter().map(|lack| lack.part.as_str()).collect();
        assert_eq!(parts, ["store", "signals"]);
    }

    #[tokio::test]
    async fn without_what_only_slows_it_down_it_is_ready_and_says_so() {
        let (status, body) = asked(&[Part::Signals, Part::Runners], "/readyz").await;
        let health: Health = serde_json::from_str(&body).unwrap();
        assert_eq!((status, health.status.as_str(), health.missing.len()), (200, "ready", 2));
    }

    #[tokio::test]
    async fn there_is_nothing_else() {
        assert_eq!(asked(&[], "/v1/runs").await.0, 404);
        assert_eq!(asked(&[], "/metrics").await.0, 200);
    }
}
