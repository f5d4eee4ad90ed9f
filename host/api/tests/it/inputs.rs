//! `/v1/inputs`.

use axum::body::Body;
use axum::http::{Method, Request};
use simulay_api::ApiSettings;
use simulay_engine::Settings;
use simulay_model::Digest;

use crate::house::House;

#[tokio::test]
async fn any_bytes_are_taken_and_found_again() {
    let house = House::new();
    for bytes in [&b""[..], b"a", b"\0\xff\0"] {
        let answer = house.send(Request::post("/v1/inputs"), bytes).await.expect(201);
        let stored: simulay_api::wire::InputStored = answer.document();
        assert_eq!((stored.sha256, stored.size), (Digest::of(bytes), bytes.len() as u64));
        assert_eq!(answer.header("location"), format!("/v1/inputs/{}", stored.sha256));
        let probed = house.method(Method::HEAD, answer.header("location")).await.expect(200);
        assert_eq!(probed.header("content-length"), bytes.len().to_string());
    }
    house.method(Method::HEAD, &format!("/v1/inputs/{}", "0".repeat(64))).await.expect(404);
    house.method(Method::HEAD, "/v1/inputs/x").await.expect(404);
    house.get(&format!("/v1/inputs/{}", Digest::of(b"a"))).await.problem(405, "method_not_allowed");
}

#[tokio::test]
async fn an_input_is_bounded_and_leaves_nothing_behind() {
    let house =
        House::with(&ApiSettings { max_input_bytes: 8, ..ApiSettings::default() }, Settings::default());
    house.send(Request::post("/v1/inputs"), "12345678").await.expect(201);
    house.send(Request::post("/v1/inputs"), "123456789").await.problem(413, "payload_too_large");
    house.method(Method::HEAD, &format!("/v1/inputs/{}", Digest::of(b"12345678"))).await.expect(200);
    house.method(Method::HEAD, &format!("/v1/inputs/{}", Digest::of(b"123456789"))).await.expect(404);
    let endless = futures_util::stream::repeat_with(|| Ok::<_, std::io::Error>("12"));
    house
        .send(Request::post("/v1/inputs"), Body::from_stream(endless))
        .await
        .problem(413, "payload_too_large");
}

#[tokio::test]
async fn encoded_and_broken_bodies_are_refused() {
    let house = House::new();
    let encoded = Request::post("/v1/inputs").header("content-encoding", "gzip");
    house.send(encoded, "x").await.problem(415, "unsupported_media_type");
    let pieces = [Ok("12"), Err(std::io::Error::other("the line broke"))];
    let broken = Body::from_stream(futures_util::stream::iter(pieces));
    house.send(Request::post("/v1/inputs"), broken).await.problem(400, "invalid_header");
}

#[tokio::test(start_paused = true)]
async fn a_body_that_stalls_is_given_up() {
    let house = House::new();
    let stalled = futures_util::stream::pending::<Result<&str, std::io::Error>>();
    house.send(Request::post("/v1/inputs"), Body::from_stream(stalled)).await.problem(408, "request_timeout");
}
