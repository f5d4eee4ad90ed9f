//! A run, and what a collector is told of it by OTLP.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{
    TraceService, TraceServiceServer,
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use serde_json::json;
use simulay_blobs::MemoryBlobs;
use simulay_containers::scripted::{Act, Scripted};
use simulay_engine::{Engine, NewRun, Parts, Selector, Settings as EngineSettings, SystemEntropy};
use simulay_model::{
    ContainerCall, Image, Manifest, Next, OnFailure, Principal, Report, Resources, Run, Step, SystemClock,
};
use simulay_sandbox::{Answer, Answered, Call, ScriptedSandbox};
use simulay_signals::LocalSignals;
use simulay_store::MemoryStore;
use tokio::net::TcpListener;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status};

use super::*;

const COMPONENT: &[u8] = b"a pipeline";
const RESOURCES: Resources = Resources { cpu_milli: 500, memory_mib: 64, scratch_mib: 8, timeout_ms: 1000 };

/// Keeps what it is told.
#[derive(Clone, Default)]
struct Collector(Arc<Mutex<Vec<Span>>>);

#[tonic::async_trait]
impl TraceService for Collector {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        let scopes =
            request.into_inner().resource_spans.into_iter().flat_map(|resource| resource.scope_spans);
        self.0.lock().unwrap().extend(scopes.flat_map(|scope| scope.spans));
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

impl Collector {
    /// Where it listens.
    async fn listen(&self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let service = TraceServiceServer::new(self.clone());
        let serving = Server::builder().add_service(service);
        tokio::spawn(serving.serve_with_incoming(TcpIncoming::from(listener)));
        address
    }
}

/// Does one run with two calls, of which `right` exits with `code`, and tells the collector at `address`.
async fn run(address: &str, code: i32) -> Run {
    let provider = traces::provider(address, "test").unwrap();
    let watching = tracing_subscriber::registry().with(traces::layer(&provider));
    let watching = tracing::subscriber::set_default(watching);
    let engine = engine(code);
    let principal = Principal::local("test");
    engine.catalog.upload(&principal, Bytes::from_static(COMPONENT)).await.unwrap();
    let pipeline = Selector { name: "pairs".parse().unwrap(), version: None };
    let new = NewRun::new(pipeline, json!({}).into());
    let id = engine.intake.create(&principal, new).await.unwrap().id;
    let ended = engine.reader.wait(&principal, id, Duration::from_secs(30)).await.unwrap().unwrap();
    assert!(ended.state.is_end(), "{ended:?}");
    engine.shutdown().await;
    drop(watching);
    Telemetry { traces: Some(provider) }.end().await;
    ended
}

fn engine(code: i32) -> Engine {
    let records = Arc::new(MemoryStore::new(Arc::new(SystemClock)));
    let containers = Scripted::new();
    containers.on("right", Act::exits(code));
    let plugins = ScriptedSandbox::default().with(COMPONENT, manifest(), |call, _| Ok(answer(call)));
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
        identity: None,
        audit: records.clone(),
        links: records.clone(),
        metering: records,
        blobs: Arc::new(MemoryBlobs::new(Arc::new(SystemClock))),
        sandbox: Arc::new(plugins),
        admission: Arc::new(containers.clone()),
        containers: Arc::new(containers),
        runners: None,
        clock: Arc::new(SystemClock),
        entropy: Arc::new(SystemEntropy),
    };
    let engine = Engine::new(parts, EngineSettings::default(), None);
    engine.runner.listen();
    engine
}

fn manifest() -> Manifest {
    Manifest {
        name: "pairs".parse().unwrap(),
        version: "1.0.0".parse().unwrap(),
        title: "Pairs".to_owned(),
        description: "Two containers.".to_owned(),
        params_schema: json!({ "type": "object" }),
        result_schema: json!({ "type": "object" }),
        images: vec![Image { name: "octave".to_owned(), purpose: "to work".to_owned() }],
        max_resources: RESOURCES,
        max_parallel: 2,
        examples: Vec::new(),
    }
}

fn answer(call: Call) -> Answered {
    let answer = match call {
        Call::PreProcess(_) => {
            Answer::Step(Step { calls: vec![call_of("left"), call_of("right")], state: json!({}).into() })
        }
        Call::PostProcess { .. } => Answer::Next(Next::Done(Report {
            outcome: json!({}).into(),
            plots: Vec::new(),
            artifacts: Vec::new(),
        })),
    };
    Answered { answer: Ok(answer), messages: Vec::new() }
}

fn call_of(name: &str) -> ContainerCall {
    ContainerCall {
        name: name.to_owned(),
        image: "octave".to_owned(),
        command: vec!["octave-cli".to_owned()],
        env: Vec::new(),
        files: Vec::new(),
        outputs: Vec::new(),
        excludes: Vec::new(),
        keep_unchanged: true,
        resources: RESOURCES,
        on_failure: OnFailure::FailRun,
        deterministic: true,
    }
}

/// The names of a span and of all above it, from the root down.
fn path(span: &Span, spans: &HashMap<Vec<u8>, Span>) -> String {
    match spans.get(&span.parent_span_id) {
        Some(parent) => format!("{} {}", path(parent, spans), span.name),
        None => span.name.clone(),
    }
}

#[tokio::test]
async fn a_run_is_one_trace_whose_id_is_its_own() {
    let collector = Collector::default();
    let run = run(&collector.listen().await, 0).await;
    let spans = std::mem::take(&mut *collector.0.lock().unwrap());
    assert!(spans.iter().all(|span| span.trace_id == run.id.uuid().as_bytes()), "{spans:?}");
    let spans: HashMap<_, _> = spans.into_iter().map(|span| (span.span_id.clone(), span)).collect();
    let mut paths: Vec<_> = spans.values().map(|span| path(span, &spans)).collect();
    paths.sort_unstable();
    paths.dedup();
    let expected = [
        "run",
        "run accept",
        "run accept create",
        "run lease",
        "run pass",
        "run pass commit",
        "run pass post-process",
        "run pass pre-process",
        "run pass simulate",
        "run pass simulate attempt",
        "run pass simulate attempt commit",
        "run pass simulate commit",
        "run queue",
    ];
    assert_eq!(paths, expected);
    assert_eq!(spans.values().filter(|span| span.name == "attempt").count(), 2);
    let root = spans.values().find(|span| span.name == "run").unwrap();
    assert_eq!(root.span_id, run.id.uuid().as_bytes()[8..]);
    let begun = root.start_time_unix_nano;
    assert!(spans.values().all(|span| begun <= span.start_time_unix_nano), "all of it lies in the whole");
}

#[tokio::test]
async fn what_failed_is_told_as_failed_and_by_what() {
    let collector = Collector::default();
    let run = run(&collector.listen().await, 3).await;
    let spans = std::mem::take(&mut *collector.0.lock().unwrap());
    let root = spans.iter().find(|span| span.name == "run").unwrap();
    assert_eq!(root.status.as_ref().unwrap().code(), StatusCode::Error, "{run:?}");
    let told = root.attributes.iter().find(|attribute| attribute.key == "error.type").unwrap();
    assert!(format!("{told:?}").contains("container_exit"), "{told:?}");
}

#[tokio::test]
async fn a_collector_that_is_gone_holds_nobody_up() {
    // Nobody listens there any more.
    let address = {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    };
    let ended = tokio::time::timeout(Duration::from_secs(60), run(&address, 0)).await;
    assert!(ended.is_ok(), "the run or the farewell waits for the collector");
}
