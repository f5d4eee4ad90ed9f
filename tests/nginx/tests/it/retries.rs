//! What goes to another replica when one is gone.

use http_body_util::BodyExt as _;
use hyper::Method;

use crate::proxy::Proxy;
use crate::replica::{Dies, Replica, text};

const REQUESTS: usize = 6;

/// One that takes a request and dies of it, and one that is well.
async fn ill_and_well() -> (Replica, Replica) {
    let ill = Replica::start(|request| async move {
        request.into_body().collect().await.unwrap();
        Err(Dies)
    });
    (ill.await, Replica::start(|_| async { Ok(text("well")) }).await)
}

#[tokio::test]
async fn a_get_that_got_no_answer_goes_to_another_replica() {
    let (ill, well) = ill_and_well().await;
    let proxy = Proxy::before(&[ill.address, well.address]).await;
    for _ in 0..REQUESTS {
        let answer = proxy.client.get(format!("{}/v1/runs", proxy.secure)).send().await.unwrap();
        assert_eq!(answer.text().await.unwrap(), "well");
    }
    assert_eq!(well.count(&Method::GET), REQUESTS);
    assert!(ill.count(&Method::GET) > 0);
}

#[tokio::test]
async fn a_post_that_was_sent_goes_to_no_other_replica() {
    let (ill, well) = ill_and_well().await;
    let proxy = Proxy::before(&[ill.address, well.address]).await;
    let mut lost = 0;
    for path in ["/v1/pipelines/beam/runs", "/v1/inputs"].repeat(REQUESTS) {
        let sent = proxy.client.post(format!("{}{path}", proxy.secure)).body("{}").send().await.unwrap();
        lost += usize::from(sent.status().as_u16() == 502);
    }
    assert!(lost > 0, "the replica that dies was never asked");
    assert_eq!(ill.count(&Method::POST), lost);
    assert_eq!(well.count(&Method::POST), 2 * REQUESTS - lost);
}

#[tokio::test]
async fn a_post_that_was_not_sent_does() {
    let (gone, well) = ill_and_well().await;
    let proxy = Proxy::before(&[gone.address, well.address]).await;
    gone.die();
    for _ in 0..REQUESTS {
        let sent = proxy.client.post(format!("{}/v1/pipelines/beam/runs", proxy.secure)).body("{}");
        assert_eq!(sent.send().await.unwrap().status().as_u16(), 200);
    }
    assert_eq!(well.count(&Method::POST), REQUESTS);
}
