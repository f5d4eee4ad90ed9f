//! What goes through as it comes.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use futures_util::StreamExt as _;
use http_body_util::BodyExt as _;
use hyper::Request;
use hyper::body::Incoming;
use reqwest::Body;
use tokio::sync::{mpsc, oneshot};

use crate::proxy::Proxy;
use crate::replica::{Replica, streamed, text};

const PART: usize = 1 << 20;
const PARTS: usize = 300;

/// Hands out what the test sends to whoever asks, and tells the `Last-Event-ID` it was asked with.
async fn events() -> (Replica, mpsc::UnboundedReceiver<(String, mpsc::UnboundedSender<Bytes>)>) {
    let (told, asked) = mpsc::unbounded_channel();
    let replica = Replica::start(move |request: Request<Incoming>| {
        let last = request.headers().get("last-event-id").map_or("", |id| id.to_str().unwrap()).to_owned();
        let (parts, answer) = streamed("text/event-stream");
        told.send((last, parts)).unwrap();
        async move { Ok(answer) }
    });
    (replica.await, asked)
}

#[tokio::test]
async fn events_come_one_by_one_and_go_on_at_another_replica() {
    let (first, mut asked_first) = events().await;
    let (second, mut asked_second) = events().await;
    let proxy = Proxy::before(&[first.address, second.address]).await;
    let follow = |last: &str| {
        proxy.client.get(format!("{}/v1/runs/1/events", proxy.secure)).header("last-event-id", last).send()
    };
    let answer = tokio::spawn(follow("0"));
    // Whichever is asked first dies; the other goes on.
    let (last, parts, ill) = tokio::select! {
        Some((last, parts)) = asked_first.recv() => (last, parts, &first),
        Some((last, parts)) = asked_second.recv() => (last, parts, &second),
    };
    assert_eq!(last, "0");
    parts.send("id: 1\n\n".into()).unwrap();
    let mut stream = answer.await.unwrap().unwrap().bytes_stream();
    assert_eq!(stream.next().await.unwrap().unwrap(), "id: 1\n\n");
    // The second is only sent once the first has been seen: what is kept back would never come.
    parts.send("id: 2\n\n".into()).unwrap();
    assert_eq!(stream.next().await.unwrap().unwrap(), "id: 2\n\n");
    ill.die();
    assert!(!matches!(stream.next().await, Some(Ok(_))));
    let answer = tokio::spawn(follow("2"));
    let asked = if ill.address == first.address { asked_second.recv() } else { asked_first.recv() };
    let (last, parts) = asked.await.unwrap();
    assert_eq!(last, "2");
    parts.send("id: 3\n\n".into()).unwrap();
    let mut stream = answer.await.unwrap().unwrap().bytes_stream();
    assert_eq!(stream.next().await.unwrap().unwrap(), "id: 3\n\n");
}

#[tokio::test]
async fn an_upload_goes_through_as_it_comes() {
    let (begun, has_begun) = oneshot::channel();
    let begun = Arc::new(Mutex::new(Some(begun)));
    let replica = Replica::start(move |request: Request<Incoming>| {
        let begun = Arc::clone(&begun);
        async move {
            let mut body = request.into_body();
            let mut received = 0;
            while let Some(frame) = body.frame().await {
                received += frame.unwrap().data_ref().map_or(0, Bytes::len);
                if let Some(begun) = begun.lock().unwrap().take() {
                    begun.send(()).unwrap();
                }
            }
            Ok(text(received.to_string()))
        }
    })
    .await;
    let proxy = Proxy::before(&[replica.address]).await;
    let (parts, body) = mpsc::channel::<Result<Bytes, std::io::Error>>(1);
    let body = Body::wrap_stream(tokio_stream::wrappers::ReceiverStream::new(body));
    let sending = tokio::spawn(proxy.client.post(format!("{}/v1/inputs", proxy.secure)).body(body).send());
    parts.send(Ok(Bytes::from(vec![1; PART]))).await.unwrap();
    // The rest is only sent once the replica has the beginning.
    has_begun.await.unwrap();
    for _ in 1..PARTS {
        parts.send(Ok(Bytes::from(vec![1; PART]))).await.unwrap();
    }
    assert_eq!(proxy.put_aside(), Vec::<std::path::PathBuf>::new());
    drop(parts);
    assert_eq!(sending.await.unwrap().unwrap().text().await.unwrap(), (PARTS * PART).to_string());
}

#[tokio::test]
async fn a_download_goes_through_as_it_is_sent() {
    let (told, mut asked) = mpsc::unbounded_channel();
    let replica = Replica::start(move |_| {
        let (parts, answer) = streamed("application/octet-stream");
        told.send(parts).unwrap();
        async move { Ok(answer) }
    })
    .await;
    let proxy = Proxy::before(&[replica.address]).await;
    let answer = tokio::spawn(proxy.client.get(format!("{}/v1/runs/1/artifacts/2", proxy.secure)).send());
    let parts = asked.recv().await.unwrap();
    parts.send(Bytes::from(vec![2; PART])).unwrap();
    let mut stream = answer.await.unwrap().unwrap().bytes_stream();
    let mut received = stream.next().await.unwrap().unwrap().len();
    // The rest is only sent once the client has the beginning.
    for _ in 1..PARTS {
        parts.send(Bytes::from(vec![2; PART])).unwrap();
    }
    drop(parts);
    while let Some(part) = stream.next().await {
        received += part.unwrap().len();
    }
    assert_eq!(received, PARTS * PART);
    assert_eq!(proxy.put_aside(), Vec::<std::path::PathBuf>::new());
}
