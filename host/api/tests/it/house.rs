//! A whole house for a test: a real store in a folder of its own, a scripted sandbox and scripted
//! containers.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::request::Builder;
use axum::http::{HeaderMap, Method, Request, StatusCode};
use axum::response::Response;
use bytes::Bytes;
use futures_util::StreamExt as _;
use serde_json::Value;
use simulay_api::wire::{InputStored, Problem, Run};
use simulay_api::{ApiSettings, Authenticator, ByToken, router};
use simulay_blobs_object_store::ObjectBlobs;
use simulay_containers::scripted::Scripted;
use simulay_engine::{Engine, EngineError, Parts, RetentionPorts, Settings, SystemEntropy};
use simulay_identity::IdentityProvider;
use simulay_model::{Principal, Role, SystemClock};
use simulay_rates::LocalRates;
use simulay_signals::LocalSignals;
use simulay_store::Credentials;
use simulay_store_sqlite::SqliteStore;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

use crate::scripts;
use crate::system::ThreeRunners;

/// The longest that anything here takes when all is well; a test that waits longer has failed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Names the account a request is of.
pub(crate) const ACCOUNT: &str = "x-account";

pub(crate) struct House {
    pub(crate) router: Router,
    pub(crate) engine: Engine,
    pub(crate) containers: Scripted,
    pub(crate) draining: CancellationToken,
    pub(crate) kept: RetentionPorts,
    pub(crate) credentials: Arc<dyn Credentials>,
    pub(crate) data: TempDir,
}

/// Believes the header [`ACCOUNT`], and that whoever it names is an author.
struct ByHeader;

#[async_trait]
impl Authenticator for ByHeader {
    async fn principal(&self, headers: &HeaderMap, via: &str) -> Result<Option<Principal>, EngineError> {
        let named = headers.get(ACCOUNT).map(|name| name.to_str().unwrap().parse().unwrap());
        let author = |account| Principal { account, role: Role::Author, ..Principal::local(via) };
        Ok(Some(named.map_or_else(|| Principal::local(via), author)))
    }
}

/// Whose everything is that names no account.
pub(crate) fn me() -> Principal {
    Principal::local("test")
}

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl House {
    pub(crate) fn new() -> Self {
        Self::with(&ApiSettings::default(), Settings::default())
    }

    pub(crate) fn with(settings: &ApiSettings, engine: Settings) -> Self {
        Self::over(tempfile::tempdir().unwrap(), settings, engine)
    }

    /// A host over the same data, after this one has stopped.
    pub(crate) async fn restarted(self) -> Self {
        self.engine.shutdown().await;
        let Self { router, engine, containers: _, draining: _, kept, credentials, data } = self;
        drop((router, engine, kept, credentials));
        let house = Self::over(data, &ApiSettings::default(), Settings::default());
        house.engine.recover().await.unwrap();
        house
    }

    pub(crate) fn over(data: TempDir, settings: &ApiSettings, engine: Settings) -> Self {
        Self::build(data, settings, engine, None, |_| Arc::new(ByHeader))
    }

    /// A host of many, who are known by tokens.
    pub(crate) fn of_many(engine: Settings) -> Self {
        Self::of_many_with(None, &ApiSettings::default(), engine)
    }

    /// The same, where `identity` tells who people are.
    pub(crate) fn of_many_with(
        identity: Option<Arc<dyn IdentityProvider>>,
        settings: &ApiSettings,
        engine: Settings,
    ) -> Self {
        let settings = ApiSettings { accounts: true, ..settings.clone() };
        let by_token = |engine: &Engine| -> Arc<dyn Authenticator> { Arc::new(ByToken::of(engine)) };
        Self::build(tempfile::tempdir().unwrap(), &settings, engine, identity, by_token)
    }

    fn build(
        data: TempDir,
        settings: &ApiSettings,
        engine: Settings,
        identity: Option<Arc<dyn IdentityProvider>>,
        authenticator: impl FnOnce(&Engine) -> Arc<dyn Authenticator>,
    ) -> Self {
        let records = SqliteStore::open(data.path(), Arc::new(SystemClock), &|| Ok(Vec::new())).unwrap();
        let blobs = ObjectBlobs::open(&data.path().join("blobs"), records.observed_clock()).unwrap();
        let (records, blobs) = (Arc::new(records), Arc::new(blobs));
        let kept = RetentionPorts::over(records.clone(), blobs.clone(), Arc::new(SystemClock));
        let containers = Scripted::new();
        let parts = Parts {
            signals: Arc::new(LocalSignals::default()),
            relay: None,
            plugins: records.clone(),
            runs: records.clone(),
            changes: records.clone(),
            journal: records.clone(),
            overview: records.clone(),
            requests: records.clone(),
            reuse: records.clone(),
            sweeps: records.clone(),
            uploads: records.clone(),
            accounts: records.clone(),
            credentials: records.clone(),
            identity,
            audit: records.clone(),
            links: records.clone(),
            metering: records,
            blobs,
            sandbox: Arc::new(scripts::sandbox()),
            admission: Arc::new(containers.clone()),
            containers: Arc::new(containers.clone()),
            runners: engine.runs_elsewhere.then(|| Arc::new(ThreeRunners) as Arc<_>),
            clock: Arc::new(SystemClock),
            entropy: Arc::new(SystemEntropy),
        };
        let credentials = parts.credentials.clone();
        let engine = Engine::new(parts, engine, Some(kept.clone()));
        engine.runner.listen();
        let draining = CancellationToken::new();
        let rates: Arc<LocalRates> = Arc::default();
        let router = router(engine.clone(), authenticator(&engine), rates, settings, draining.clone());
        Self { router, engine, containers, draining, kept, credentials, data }
    }

    /// A house in which `heat@1.0.0` is.
    pub(crate) async fn with_heat() -> Self {
        let house = Self::new();
        house.upload(scripts::HEAT).await.expect(201);
        house
    }

    pub(crate) async fn respond(&self, request: Builder, body: impl Into<Body>) -> Response {
        let request = request.header("host", "localhost").body(body.into()).unwrap();
        self.router.clone().oneshot(request).await.unwrap()
    }

    pub(crate) async fn send(&self, request: Builder, body: impl Into<Body>) -> Answer {
        Answer::read(self.respond(request, body).await).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(Request::get(path), Body::empty()).await
    }

    pub(crate) async fn method(&self, method: Method, path: &str) -> Answer {
        self.send(Request::builder().method(method).uri(path), Body::empty()).await
    }

    pub(crate) async fn post(&self, path: &str, body: impl Into<Body>) -> Answer {
        self.send(Request::post(path).header("content-type", "application/json"), body).await
    }

    pub(crate) async fn upload(&self, component: &'static [u8]) -> Answer {
        let request = Request::post("/v1/plugins").header("content-type", "application/wasm");
        self.send(request, component).await
    }

    pub(crate) async fn input(&self, bytes: &'static [u8]) -> InputStored {
        self.send(Request::post("/v1/inputs"), bytes).await.expect(201).document()
    }

    /// Starts a run of `heat`.
    pub(crate) async fn start(&self, request: &Value) -> Run {
        self.post("/v1/pipelines/heat/runs", request.to_string()).await.expect(202).document()
    }

    /// A run of `heat` that has ended.
    pub(crate) async fn ended(&self, request: &Value) -> Run {
        let started = self.start(request).await;
        let run = self.engine.reader.wait(&me(), started.id, PATIENCE).await.unwrap().unwrap();
        assert!(run.state.is_end(), "{run:?}");
        run.into()
    }

    /// Comes back once the container of the run is at work.
    pub(crate) async fn until_at_work(&self) {
        let at_work = async {
            while self.containers.starts().is_empty() {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        tokio::time::timeout(PATIENCE, at_work).await.unwrap();
    }
}

impl Answer {
    pub(crate) async fn read(response: Response) -> Self {
        let (parts, body) = response.into_parts();
        let body = tokio::time::timeout(PATIENCE, to_bytes(body, usize::MAX)).await.unwrap().unwrap();
        Self { status: parts.status, headers: parts.headers, body }
    }

    /// The answer, when it has this status.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text());
        self
    }

    /// The problem, when it is one of this kind; checks what is true of every problem.
    #[track_caller]
    pub(crate) fn problem(&self, status: u16, kind: &str) -> Problem {
        assert_eq!(self.status, status, "{}", self.text());
        assert_eq!(self.header("content-type"), "application/problem+json");
        let problem: Problem = self.document();
        assert_eq!(serde_json::to_value(problem.kind).unwrap(), kind, "{problem:?}");
        assert_eq!(problem.status, status);
        assert_eq!(problem.problem_type, format!("/docs#problem-{kind}"));
        assert_eq!(problem.request_id, self.header("x-request-id"));
        assert!(!problem.title.is_empty() && !problem.detail.is_empty());
        let retry = problem.retry_after_s.map(|seconds| seconds.to_string()).unwrap_or_default();
        assert_eq!(self.header("retry-after"), retry);
        problem
    }

    #[track_caller]
    pub(crate) fn document<T: serde::de::DeserializeOwned>(&self) -> T {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// A header, empty when there is none.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

/// Reads from `body` until what came contains `wanted`.
pub(crate) async fn read_until(body: &mut axum::body::BodyDataStream, wanted: &str) -> String {
    let mut text = String::new();
    while !text.contains(wanted) {
        let piece = tokio::time::timeout(PATIENCE, body.next()).await.unwrap();
        let piece = piece.unwrap_or_else(|| panic!("no `{wanted}` in {text}")).unwrap();
        text.push_str(std::str::from_utf8(&piece).unwrap());
    }
    text
}
