//! What replicas are told of a client, and what clients reach.

use http_body_util::BodyExt as _;
use hyper::Request;
use hyper::body::Incoming;

use crate::proxy::Proxy;
use crate::replica::{Replica, text};

/// Tells the headers of the request, a line each.
async fn echo() -> Replica {
    Replica::start(|request: Request<Incoming>| async move {
        let lines =
            request.headers().iter().map(|(name, value)| format!("{name}: {}\n", value.to_str().unwrap()));
        let told = text(lines.collect::<String>());
        request.into_body().collect().await.unwrap();
        Ok(told)
    })
    .await
}

#[tokio::test]
async fn what_a_client_says_of_itself_is_overwritten() {
    let replica = echo().await;
    let proxy = Proxy::before(&[replica.address]).await;
    let request = proxy.client.get(format!("{}/v1/me", proxy.secure));
    let forged = request
        .header("x-forwarded-for", "203.0.113.7")
        .header("x-forwarded-proto", "gopher")
        .header("x-forwarded-host", "evil.example")
        .header("forwarded", "for=203.0.113.7");
    let told = forged.send().await.unwrap().text().await.unwrap();
    let host = proxy.secure.strip_prefix("https://").unwrap();
    for line in
        ["x-forwarded-for: 127.0.0.1\n", "x-forwarded-proto: https\n", &format!("x-forwarded-host: {host}\n")]
    {
        assert!(told.contains(line), "{line} is not in {told}");
    }
    for word in ["203.0.113.7", "gopher", "evil"] {
        assert!(!told.contains(word), "{word} is in {told}");
    }
}

#[tokio::test]
async fn plain_http_is_sent_to_https() {
    let replica = echo().await;
    let proxy = Proxy::before(&[replica.address]).await;
    let answer = proxy.client.post(format!("{}/v1/runs", proxy.plain)).send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 308);
    assert_eq!(answer.headers()["location"], "https://127.0.0.1/v1/runs");
}

#[tokio::test]
async fn figures_and_what_is_missing_are_not_for_everybody() {
    let replica = echo().await;
    let proxy = Proxy::before(&[replica.address]).await;
    for path in ["/metrics", "/readyz"] {
        let answer = proxy.client.get(format!("{}{path}", proxy.secure)).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), 404, "{path}");
    }
    assert!(replica.heard.lock().unwrap().is_empty());
}

#[tokio::test]
async fn browsers_are_told_to_stay_with_https_whoever_answers() {
    let replica = echo().await;
    let proxy = Proxy::before(&[replica.address]).await;
    for (path, status) in [("/v1/me", 200), ("/metrics", 404)] {
        let answer = proxy.client.get(format!("{}{path}", proxy.secure)).send().await.unwrap();
        assert_eq!(answer.status().as_u16(), status);
        assert_eq!(answer.headers()["strict-transport-security"], "max-age=31536000");
    }
}

#[tokio::test]
async fn older_releases_find_a_replica_too() {
    let replica = echo().await;
    let proxy = Proxy::by_variable(replica.address).await;
    let answer = proxy.client.get(format!("{}/v1/me", proxy.secure)).send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 200);
}

#[tokio::test]
async fn only_uploads_are_large() {
    let replica = echo().await;
    let proxy = Proxy::before(&[replica.address]).await;
    let large = vec![b'x'; 4 << 20];
    let post = |path: &str| proxy.client.post(format!("{}{path}", proxy.secure)).body(large.clone());
    assert_eq!(post("/v1/pipelines/beam/runs").send().await.unwrap().status().as_u16(), 413);
    assert!(replica.heard.lock().unwrap().is_empty());
    assert_eq!(post("/v1/inputs").send().await.unwrap().status().as_u16(), 200);
}
