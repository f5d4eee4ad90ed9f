//! What attackers write on the wire to a host of many: requests within requests, words of proxies that are
//! none, paths that are read one way here and another way there.

use std::net::SocketAddr;
use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use serde_json::Value;
use simulay_api::wire::Plugin;
use simulay_api::{ApiSettings, Connection, Transport};
use simulay_store::AuditQuery;
use tokio::net::TcpSocket;

use crate::house::{Answer, House};
use crate::roles::of_many;
use crate::scripts::HEAT;
use crate::serving::{Served, exchange};

const SHORT: Duration = Duration::from_millis(200);

async fn served() -> Served {
    let settings = ApiSettings { header_timeout: SHORT, ..ApiSettings::default() };
    let (house, _) = of_many(&settings).await;
    Served::of(house, Transport::Plain, settings).await
}

impl Served {
    async fn write(&self, bytes: &str) -> String {
        exchange(self.connect().await, bytes.as_bytes()).await
    }
}

#[tokio::test]
async fn no_request_is_hidden_within_another() {
    let served = served().await;
    let hidden = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    let length = hidden.len();
    for (framing, body) in [
        (format!("Content-Length: 0\r\nContent-Length: {length}"), ""),
        (format!("Content-Length: {length}\r\nContent-Length: 0"), ""),
        (format!("Content-Length: {length}, 0"), ""),
        ("Content-Length: +0".to_owned(), ""),
        ("Content-Length: 0x0".to_owned(), ""),
        ("Content-Length: -1".to_owned(), ""),
        (format!("Content-Length: {}\r\nTransfer-Encoding: chunked", length + 5), "0\r\n\r\n"),
        (format!("Transfer-Encoding: chunked\r\nContent-Length: {}", length + 5), "0\r\n\r\n"),
        ("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity".to_owned(), "0\r\n\r\n"),
        ("Transfer-Encoding: xchunked".to_owned(), "0\r\n\r\n"),
        ("Transfer-Encoding : chunked".to_owned(), "0\r\n\r\n"),
        ("Transfer-Encoding:\x0bchunked".to_owned(), "0\r\n\r\n"),
        ("X: 1\r\n Content-Length: 0".to_owned(), ""),
        ("X: 1\rContent-Length: 0".to_owned(), ""),
    ] {
        let head = format!("POST /v1/inputs HTTP/1.1\r\nHost: localhost\r\n{framing}\r\n\r\n");
        let answer = served.write(&format!("{head}{body}{hidden}")).await;
        assert!(answer.starts_with("HTTP/1.1 4"), "{framing:?}: {answer}");
        assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{framing:?}: {answer}");
    }
}

#[tokio::test]
async fn a_path_that_is_read_in_two_ways_asks_for_no_less() {
    let served = served().await;
    for target in [
        "/v1/runs",
        "/v1/runs?",
        "/v1/runs?/healthz",
        "/v1/runs#/healthz",
        "/v1/runs/x/configs",
        "/v1//runs",
        "//v1/runs",
        "//localhost/v1/runs",
        "/v1/runs/",
        "/v1/runs/.",
        "/v1/./runs",
        "/v1/runs;a=b",
        "/v1;a=b/runs",
        "/healthz;/../v1/runs",
        "/v1/runs%2f",
        "/v1%2fruns",
        "/v1/%2e/runs",
        "/%76%31/runs",
        "/V1/runs",
        "/v1/RUNS",
        "/healthz/../v1/runs",
        "/healthz/%2e%2e/v1/runs",
        "/healthz/..;/v1/runs",
        "/healthz\\..\\v1\\runs",
        "/docs/../metrics",
        "/metrics/",
        "/metrics/healthz",
        "http://localhost/v1/runs",
        "http://evil.example/v1/runs",
        "https://localhost/v1/runs",
        "localhost/v1/runs",
        "v1/runs",
        "*",
    ] {
        for method in ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "CONNECT", "get", "X"] {
            let request =
                format!("{method} {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
            let answer = served.write(&request).await;
            let refused =
                ["400", "401", "404", "405", "421"].iter().any(|status| answer.get(9..12) == Some(status));
            assert!(refused, "{method} {target}: {answer}");
        }
    }
}

#[tokio::test]
async fn headers_that_name_another_path_or_method_are_not_heard() {
    let (house, _) = of_many(&ApiSettings::default()).await;
    let ask = async |method: &str, path: &str, header: (&str, &str)| {
        let request = Request::builder().method(method).uri(path).header(header.0, header.1);
        house.send(request, Body::empty()).await
    };
    for name in ["x-original-url", "x-rewrite-url", "x-forwarded-path", "x-forwarded-prefix"] {
        ask("GET", "/v1/runs", (name, "/healthz")).await.problem(401, "unauthenticated");
        let health: Value = ask("GET", "/healthz", (name, "/v1/runs")).await.expect(200).document();
        assert_eq!(health["status"], "ok", "{name}");
    }
    for name in ["x-http-method-override", "x-http-method", "x-method-override"] {
        ask("POST", "/healthz", (name, "GET")).await.problem(405, "method_not_allowed");
        ask("POST", "/v1/runs", (name, "GET")).await.problem(405, "method_not_allowed");
        ask("GET", "/v1/runs", (name, "OPTIONS")).await.problem(401, "unauthenticated");
    }
}

/// Uploads from `peer`, saying `hops`; who it came from, as the host has it.
async fn uploader(peer: &str, hops: &str) -> String {
    let proxies = vec!["127.0.0.1/32".parse().unwrap(), "10.0.0.0/8".parse().unwrap()];
    let settings = ApiSettings { trusted_proxies: proxies, ..ApiSettings::default() };
    let served = Served::over(Transport::Plain, settings).await;
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::new(peer.parse().unwrap(), 0)).unwrap();
    let stream = socket.connect(served.address).await.unwrap();
    let head = format!(
        "POST /v1/plugins HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/wasm\r\n\
         X-Forwarded-For: {hops}\r\nX-Real-IP: 203.0.113.9\r\nForwarded: for=203.0.113.9\r\nContent-Length: {}\r\n\r\n",
        HEAT.len()
    );
    let answer = exchange(stream, &[head.as_bytes(), HEAT].concat()).await;
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    serde_json::from_str::<Plugin>(body).unwrap_or_else(|_| panic!("{answer}")).summary.uploader
}

#[tokio::test]
async fn nobody_but_a_trusted_proxy_says_who_asks_and_no_client_through_it() {
    assert_eq!(uploader("127.0.0.2", "198.51.100.1").await, "rest from 127.0.0.2");
    assert_eq!(uploader("127.0.0.2", "nonsense").await, "rest from 127.0.0.2");
    assert_eq!(uploader("127.0.0.1", "198.51.100.1").await, "rest from 198.51.100.1");
    assert_eq!(uploader("127.0.0.1", "203.0.113.7, 198.51.100.1, 10.9.9.9").await, "rest from 198.51.100.1");
}

/// Asks through a proxy, or as one.
async fn through(house: &House, peer: &str, method: &str, sent: &[(&str, &str)]) -> Answer {
    let peer = peer.parse().unwrap();
    let request = Request::builder().method(method).uri("/v1/runs/0/cancel");
    let request = request.extension(Connection { peer, encrypted: false });
    let request = sent.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    house.send(request, Body::empty()).await
}

#[tokio::test]
async fn the_name_that_a_proxy_was_asked_by_is_held_against_hosts_and_origins() {
    let settings = ApiSettings {
        hosts: vec!["sim.example".to_owned()],
        trusted_proxies: vec!["127.0.0.1/32".parse().unwrap()],
        ..ApiSettings::default()
    };
    let house = House::with(&settings, simulay_engine::Settings::default());
    let (proxy, stranger) = ("127.0.0.1:1", "127.0.0.2:1");
    let (ours, evil) = (("x-forwarded-host", "sim.example"), ("x-forwarded-host", "evil.example"));
    through(&house, proxy, "POST", &[evil]).await.problem(421, "misdirected_request");
    through(&house, proxy, "POST", &[ours]).await.problem(404, "not_found");
    let page = ("origin", "https://sim.example");
    through(&house, proxy, "POST", &[ours, page]).await.problem(404, "not_found");
    through(&house, proxy, "POST", &[ours, ("origin", "https://evil.example")])
        .await
        .problem(403, "cross_site");
    through(&house, proxy, "POST", &[ours, ours]).await.problem(400, "invalid_header");
    through(&house, proxy, "POST", &[("x-forwarded-for", "me")]).await.problem(400, "invalid_header");
    through(&house, proxy, "POST", &[("x-forwarded-proto", "ftp")]).await.problem(400, "invalid_header");
    through(&house, stranger, "POST", &[evil]).await.problem(404, "not_found");
    through(&house, stranger, "POST", &[ours, page]).await.problem(403, "cross_site");
}

#[tokio::test]
async fn what_comes_around_the_proxy_in_plain_text_is_refused() {
    let settings = ApiSettings {
        loopback: false,
        trusted_proxies: vec!["10.0.0.5/32".parse().unwrap()],
        proxy_required: true,
        ..ApiSettings::default()
    };
    let house = House::with(&settings, simulay_engine::Settings::default());
    let claim = ("x-forwarded-for", "10.0.0.5");
    let proto = ("x-forwarded-proto", "https");
    let refused = through(&house, "192.0.2.1:1", "POST", &[claim, proto]).await;
    let problem = refused.problem(403, "proxy_bypassed");
    assert!(problem.detail.contains("server.trusted_proxies"), "{problem:?}");
    let records = house.engine.audit.page(AuditQuery::after(0, 9)).await.unwrap();
    let told: Vec<_> = records.iter().map(|it| (it.via.as_str(), it.problem.as_deref())).collect();
    assert_eq!(told, [("rest from 192.0.2.1", Some("proxy_bypassed"))]);
    through(&house, "10.0.0.5:1", "POST", &[("x-forwarded-for", "192.0.2.1"), proto])
        .await
        .problem(404, "not_found");
    for probe in ["/healthz", "/readyz"] {
        let connection = Connection { peer: "192.0.2.1:1".parse().unwrap(), encrypted: false };
        house.send(Request::get(probe).extension(connection), Body::empty()).await.expect(200);
    }
}
