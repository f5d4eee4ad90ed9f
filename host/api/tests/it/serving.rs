//! The server on a socket.

use std::time::Duration;

use serde_json::json;
use simulay_api::wire::{Plugin, Problem, ProblemKind};
use simulay_api::{ApiSettings, Transport, serve};
use simulay_containers::scripted::Act;
use simulay_engine::Settings;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::house::{House, PATIENCE};
use crate::scripts::HEAT;

const SHORT: Duration = Duration::from_millis(200);

pub(crate) struct Served {
    pub(crate) house: House,
    pub(crate) address: std::net::SocketAddr,
    pub(crate) serving: JoinHandle<()>,
}

impl Served {
    pub(crate) async fn new(settings: ApiSettings) -> Self {
        Self::over(Transport::Plain, settings).await
    }

    pub(crate) async fn over(transport: Transport, settings: ApiSettings) -> Self {
        // For the client, which has no cryptography of its own; fails only when another test chose before.
        rustls::crypto::ring::default_provider().install_default().ok();
        let house = House::with(&settings, Settings::default());
        Self::of(house, transport, settings).await
    }

    pub(crate) async fn of(house: House, transport: Transport, settings: ApiSettings) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (router, stop) = (house.router.clone(), house.draining.clone());
        let serving = tokio::spawn(async move { serve(listener, transport, router, &settings, stop).await });
        Self { house, address, serving }
    }

    pub(crate) async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}

/// Sends `bytes`, and reads until the server closes the connection.
pub(crate) async fn exchange(mut stream: impl AsyncRead + AsyncWrite + Unpin, bytes: &[u8]) -> String {
    stream.write_all(bytes).await.unwrap();
    let mut answer = Vec::new();
    let reading = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer)).await;
    // A server that closes while bytes are on their way resets the connection.
    let _ = reading.expect("the server closes the connection");
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn who_uploads_is_told_by_address() {
    let served = Served::new(ApiSettings::default()).await;
    let request = reqwest::Client::new().post(served.url("/v1/plugins"));
    let request = request.header("content-type", "application/wasm").body(HEAT);
    let plugin: Plugin = request.send().await.unwrap().json().await.unwrap();
    assert_eq!(plugin.summary.uploader, "rest from 127.0.0.1");
    assert_eq!(plugin.history[0].by, "rest from 127.0.0.1");
}

#[tokio::test]
async fn a_request_is_served_over_a_socket() {
    let served = Served::new(ApiSettings::default()).await;
    let answer = reqwest::get(served.url("/healthz")).await.unwrap();
    assert_eq!(
        (answer.status().as_u16(), answer.text().await.unwrap().as_str()),
        (200, "{\"status\":\"ok\"}")
    );
}

#[tokio::test]
async fn who_sends_too_much_gets_the_answer_all_the_same() {
    let served = Served::new(ApiSettings::default()).await;
    let body = vec![b' '; 16 << 20];
    for path in ["/v1/pipelines/heat/runs", "/v1/nothing"] {
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\nConnection: close\r\n\r\n",
            body.len()
        );
        // All is sent before anything is read.
        let answer = exchange(served.connect().await, &[head.as_bytes(), &body].concat()).await;
        assert!(answer.starts_with("HTTP/1.1 4"), "{path}: {answer}");
    }
}

#[tokio::test]
async fn who_sends_no_header_in_time_is_cut_off() {
    let served = Served::new(ApiSettings { header_timeout: SHORT, ..ApiSettings::default() }).await;
    exchange(served.connect().await, b"").await;
    exchange(served.connect().await, b"GET /healthz HTTP/1.1\r\nHost: loc").await;
    // After an answer as well.
    let answer = exchange(served.connect().await, b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

#[tokio::test]
async fn a_body_that_stalls_is_answered_and_cut_off() {
    let served = Served::new(ApiSettings { stall_timeout: SHORT, ..ApiSettings::default() }).await;
    let head = b"POST /v1/inputs HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nstart";
    let answer = exchange(served.connect().await, head).await;
    assert!(answer.starts_with("HTTP/1.1 408") && answer.contains("request_timeout"), "{answer}");
}

#[tokio::test]
async fn a_chunked_body_without_end_is_bounded_and_cut_off() {
    let served = Served::new(ApiSettings { max_component_bytes: 1000, ..ApiSettings::default() }).await;
    let head = "POST /v1/plugins HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/wasm\r\n\
                Transfer-Encoding: chunked\r\n\r\n";
    let chunk = format!("400\r\n{}\r\n", "x".repeat(0x400));
    let answer = exchange(served.connect().await, format!("{head}{chunk}").as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 413") && answer.contains("payload_too_large"), "{answer}");
}

#[tokio::test]
async fn requests_that_are_framed_twice_or_not_at_all_are_not_served() {
    let served = Served::new(ApiSettings { header_timeout: SHORT, ..ApiSettings::default() }).await;
    for request in [
        "GET /healthz HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nHost : localhost\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nHost: localhost\r\nX\0Y: 1\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nHost: evil.example\r\n\r\n",
        "GET http://evil.example/healthz HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "NONSENSE\r\n\r\n",
    ] {
        let answer = exchange(served.connect().await, request.as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 4"), "{request}: {answer}");
    }
    let many: String = (0..200).map(|number| format!("X-{number}: 1\r\n")).collect();
    let request = format!("GET /healthz HTTP/1.1\r\nHost: localhost\r\n{many}\r\n");
    let answer = exchange(served.connect().await, request.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
}

const ASK: &[u8] = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";

#[tokio::test]
async fn a_connection_too_many_is_told_so_and_probes_are_answered() {
    let served = Served::new(ApiSettings { max_connections: 1, ..ApiSettings::default() }).await;
    let mut first = served.connect().await;
    // The answer shows that the only place is taken.
    first.write_all(ASK).await.unwrap();
    first.read_u8().await.unwrap();
    for probe in ["/healthz", "/metrics"] {
        assert_eq!(reqwest::get(served.url(probe)).await.unwrap().status().as_u16(), 200, "{probe}");
    }
    let answer = reqwest::get(served.url("/v1/runs")).await.unwrap();
    assert_eq!((answer.status().as_u16(), answer.headers()["retry-after"].as_bytes()), (503, &b"5"[..]));
    let problem: Problem = answer.json().await.unwrap();
    assert_eq!(problem.kind, ProblemKind::TooManyConnections);
    assert!(problem.detail.contains("server.max_connections"), "{problem:?}");
    drop(first);
    let free = async {
        while reqwest::get(served.url("/v1/runs")).await.unwrap().status().as_u16() != 200 {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(PATIENCE, free).await.unwrap();
}

#[tokio::test]
async fn slow_clients_of_every_kind_do_not_keep_probes_from_being_answered() {
    let served = Served::new(ApiSettings { max_connections: 20, ..ApiSettings::default() }).await;
    let upload = b"POST /v1/inputs HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nstart";
    let kinds: [&[u8]; 3] = [upload, b"", b"GET /healthz HTTP/1.1\r\nHost: loc"];
    let mut slow = Vec::new();
    // More than there are places, and than are set aside.
    for number in 0..200 {
        let mut stream = served.connect().await;
        // One that was set aside may be gone.
        let _ = stream.write_all(kinds[number % 3]).await;
        slow.push(stream);
    }
    for _ in 0..20 {
        assert_eq!(reqwest::get(served.url("/healthz")).await.unwrap().status().as_u16(), 200);
        assert_eq!(reqwest::get(served.url("/metrics")).await.unwrap().status().as_u16(), 200);
    }
    drop(slow);
}

#[tokio::test]
async fn who_does_not_read_is_cut_off() {
    let served = Served::new(ApiSettings {
        stall_timeout: SHORT,
        drain_timeout: Duration::from_secs(3600),
        ..ApiSettings::default()
    })
    .await;
    served.house.upload(crate::scripts::HEAT).await.expect(201);
    // More than the buffers of both sides hold.
    let act = Act::exits(0).output("large.bin", vec![7; 32 << 20]);
    served.house.containers.on("solve", act);
    let run = served.house.ended(&json!({})).await;
    let sha256 = simulay_model::Digest::of(&vec![7; 32 << 20]);
    let mut stream = served.connect().await;
    let request = format!("GET /v1/runs/{}/artifacts/{sha256} HTTP/1.1\r\nHost: localhost\r\n\r\n", run.id);
    stream.write_all(request.as_bytes()).await.unwrap();
    served.house.draining.cancel();
    // The server ends only once this connection has: it gives up on us, for we read nothing.
    tokio::time::timeout(PATIENCE, served.serving).await.unwrap().unwrap();
    drop(stream);
}

#[tokio::test]
async fn a_server_that_stops_ends_streams_and_lets_requests_finish() {
    let served = Served::new(ApiSettings::default()).await;
    served.house.upload(crate::scripts::HEAT).await.expect(201);
    served.house.containers.on("solve", Act::exits(0).held());
    let run = served.house.start(&json!({})).await;
    let mut events = reqwest::get(served.url(&format!("/v1/runs/{}/events", run.id))).await.unwrap();
    let mut text = String::new();
    while !text.contains("call.started") {
        text += std::str::from_utf8(&events.chunk().await.unwrap().unwrap()).unwrap();
    }
    // A request under way: its body is not whole yet.
    let mut upload = served.connect().await;
    upload
        .write_all(b"POST /v1/inputs HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n\r\nab")
        .await
        .unwrap();
    let asked = reqwest::get(served.url("/healthz")).await.unwrap();
    assert_eq!(asked.status().as_u16(), 200);
    served.house.draining.cancel();
    let rest = tokio::time::timeout(PATIENCE, events.text()).await.unwrap().unwrap();
    assert!(!rest.contains("run.ended"), "{rest}");
    let answer = exchange(upload, b"cd").await;
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    tokio::time::timeout(PATIENCE, served.serving).await.unwrap().unwrap();
    assert!(TcpStream::connect(served.address).await.is_err(), "nobody listens any more");
}
