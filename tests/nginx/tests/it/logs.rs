//! What is written down of requests.

use http_body_util::BodyExt as _;
use reqwest::StatusCode;

use crate::proxy::Proxy;
use crate::replica::{Dies, Replica, text};

const SECRET: &str = "c2VjcmV0";

/// Answers, or dies of a request that a client says it dies of.
async fn mortal() -> Replica {
    Replica::start(|request| async move {
        let dies = request.uri().path() == "/v1/dies";
        request.into_body().collect().await.unwrap();
        if dies { Err(Dies) } else { Ok(text("well")) }
    })
    .await
}

async fn statuses(proxy: &Proxy) -> Vec<StatusCode> {
    let to = |base: &str, path: &str| format!("{base}{path}?link={SECRET}");
    let large = vec![b'x'; 4 << 20];
    let requests = [
        proxy.client.get(to(&proxy.secure, "/v1/runs")).header("referer", to(&proxy.secure, "/runs")),
        proxy.client.post(to(&proxy.secure, "/v1/dies")),
        proxy.client.post(to(&proxy.secure, "/v1/runs")).body(large),
        proxy.client.get(to(&proxy.plain, "/v1/runs")),
    ];
    let mut statuses = Vec::new();
    for request in requests {
        statuses.push(request.send().await.unwrap().status());
    }
    statuses
}

#[tokio::test]
async fn no_query_is_written_down_whatever_comes_of_the_request() {
    let replica = mortal().await;
    let proxy = Proxy::before(&[replica.address]).await;
    assert_eq!(statuses(&proxy).await, [200, 502, 413, 308]);
    let [access, own] = proxy.logs();
    assert!(access.contains("\"GET /v1/runs\" 200"), "{access}");
    assert!(access.contains("\"POST /v1/dies\" 502"), "{access}");
    for log in [access, own] {
        assert!(!log.contains(SECRET) && !log.contains("link"), "{log}");
    }
}
