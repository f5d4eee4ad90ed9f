//! The routes with everything around them.

use std::sync::Arc;

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use simulay_engine::Engine;
use simulay_rates::{LocalRates, Rates};
use tokio_util::sync::CancellationToken;
use tower_http::catch_panic::CatchPanicLayer;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;

use crate::audit::{Actions, Recorder};
use crate::authorization::Gatekeeper;
use crate::client::Proxies;
use crate::hosts::Hosts;
use crate::origins::Origins;
use crate::rate_limits::RateLimits;
use crate::state::Api;
use crate::{
    ApiSettings, Authenticator, OnePerson, audit, base, client, connections, documentation, hosts, linger,
    middleware, origins, page, rate_limits, routes, telemetry,
};

/// The interface over `engine`, for whoever `authenticator` says asks, as often as `rates` counts. Once `draining` is
/// cancelled nobody is ready, and streams and waits end.
pub fn router(
    engine: Engine,
    authenticator: Arc<dyn Authenticator>,
    rates: Arc<dyn Rates>,
    settings: &ApiSettings,
    draining: CancellationToken,
) -> Router {
    telemetry::begin();
    let rates = RateLimits::new(rates, settings);
    let keeper = Gatekeeper { authenticator, rates: rates.clone() };
    let (routes, document) = documented(settings, &keeper).split_for_parts();
    let recorder = Recorder { log: engine.audit.clone(), actions: Arc::new(Actions::new(&document)) };
    let document = documentation::under(documentation::complete(document), &settings.base_path);
    let api = Api::new(engine, settings, draining, rates.clone(), &document);
    let routes = routes.method_not_allowed_fallback(middleware::no_method).fallback(page::serve);
    base::put_under(&settings.base_path, guarded(routes.with_state(api), recorder, settings, rates))
}

/// Everything that each request goes through, from the inside out.
fn guarded(routes: Router, recorder: Recorder, settings: &ApiSettings, rates: RateLimits) -> Router {
    routes
        .layer(from_fn_with_state(Origins::new(settings), origins::check))
        .layer(from_fn_with_state(Hosts::new(settings), hosts::check))
        .layer(from_fn_with_state(rates, rate_limits::by_address))
        .layer(from_fn(connections::check))
        .layer(CatchPanicLayer::custom(middleware::panicked))
        .layer(from_fn_with_state(Proxies::new(settings), client::identify))
        .layer(from_fn_with_state(recorder, audit::record))
        .layer(from_fn(linger::linger))
        .layer(from_fn(middleware::cross))
}

/// The OpenAPI document of the interface.
#[must_use]
pub fn openapi() -> OpenApi {
    let settings = ApiSettings::default();
    let rates: LocalRates = LocalRates::default();
    let rates = RateLimits::new(Arc::new(rates), &settings);
    let keeper = Gatekeeper { authenticator: Arc::new(OnePerson), rates };
    documentation::complete(documented(&settings, &keeper).into_openapi())
}

fn documented(settings: &ApiSettings, keeper: &Gatekeeper) -> OpenApiRouter<Api> {
    OpenApiRouter::with_openapi(documentation::base()).merge(routes::all(settings, keeper))
}

#[cfg(test)]
mod tests {
    use axum::body::{Body, to_bytes};
    use axum::extract::Request;
    use axum::routing::get;
    use simulay_engine::AuditLog;
    use simulay_model::SystemClock;
    use simulay_store::MemoryStore;
    use tower::ServiceExt as _;

    use super::*;
    use crate::wire::{Problem, ProblemKind};

    async fn fails() -> &'static str {
        panic!("the secret reason")
    }

    fn recorder() -> Recorder {
        let clock = Arc::new(SystemClock);
        let log = AuditLog::new(Arc::new(MemoryStore::new(clock.clone())), clock);
        Recorder { log, actions: Arc::default() }
    }

    #[tokio::test]
    async fn a_panic_ends_its_request_only_and_tells_no_secrets() {
        let fails = Router::new().route("/fails", get(fails));
        let settings = ApiSettings::default();
        let rates: LocalRates = LocalRates::default();
        let rates = RateLimits::new(Arc::new(rates), &settings);
        let router = guarded(fails, recorder(), &settings, rates);
        for id in ["first", "second"] {
            let request = Request::get("/fails").header("host", "localhost").header("x-request-id", id);
            let response = router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
            assert_eq!(response.status(), 500);
            let body = to_bytes(response.into_body(), 4096).await.unwrap();
            assert!(!String::from_utf8_lossy(&body).contains("secret"));
            let problem: Problem = serde_json::from_slice(&body).unwrap();
            assert_eq!((problem.kind, problem.request_id.as_str()), (ProblemKind::Internal, id));
        }
    }
}
