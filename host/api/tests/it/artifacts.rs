//! `/v1/runs/{id}/artifacts`.

use axum::body::Body;
use axum::http::{Method, Request};
use serde_json::json;
use simulay_api::wire::{ArtifactKind, ArtifactList, ListedArtifact};
use simulay_containers::scripted::Act;
use simulay_model::Digest;

use crate::house::{Answer, House};

const FIELD: &[u8] = b"0123456789";

/// A run that left `path` with [`FIELD`] in it, and the path of its download.
async fn left(path: &str) -> (House, String) {
    let house = House::with_heat().await;
    house.containers.on("solve", Act::exits(0).output(path, FIELD));
    let run = house.ended(&json!({})).await;
    let download = format!("/v1/runs/{}/artifacts/{}", run.id, Digest::of(FIELD));
    (house, download)
}

async fn ranged(house: &House, path: &str, headers: &[(&str, &str)]) -> Answer {
    let request =
        headers.iter().fold(Request::get(path), |request, (name, value)| request.header(*name, *value));
    house.send(request, Body::empty()).await
}

#[tokio::test]
async fn everything_of_a_run_is_listed() {
    let house = House::with_heat().await;
    let input = house.input(b"given").await;
    house.containers.on("solve", Act::exits(0).stdout("printed").output("out/a.csv", "left"));
    let inputs = json!([{ "path": "in/mesh.csv", "sha256": input.sha256 }]);
    let run = house.ended(&json!({ "inputs": inputs })).await;
    let list: ArtifactList =
        house.get(&format!("/v1/runs/{}/artifacts", run.id)).await.expect(200).document();
    let find = |kind: ArtifactKind| -> &ListedArtifact {
        list.artifacts
            .iter()
            .find(|listed| listed.kind == kind)
            .unwrap_or_else(|| panic!("{kind:?}: {list:?}"))
    };
    assert_eq!(find(ArtifactKind::Input).artifact.path.as_str(), "in/mesh.csv");
    assert_eq!(find(ArtifactKind::Input).step, None);
    let output = find(ArtifactKind::Output);
    assert_eq!((output.step, output.call, output.artifact.size), (Some(0), Some(0), 4));
    assert_eq!(find(ArtifactKind::Stdout).artifact.sha256, Digest::of(b"printed"));
    // The plugin calls everything it keeps `text/html`.
    assert_eq!(find(ArtifactKind::Kept).artifact.media_type, "text/csv");
}

#[tokio::test]
async fn a_download_is_inert_and_says_what_it_is() {
    let (house, path) = left("out/page.html").await;
    let answer = house.get(&path).await.expect(200);
    assert_eq!(answer.body, FIELD);
    for (header, value) in [
        ("content-type", "application/octet-stream"),
        ("content-length", "10"),
        ("content-disposition", "attachment; filename=\"page.html\"; filename*=UTF-8''page.html"),
        ("content-security-policy", "sandbox; default-src 'none'"),
        ("x-content-type-options", "nosniff"),
        ("accept-ranges", "bytes"),
        ("etag", &format!("\"{}\"", Digest::of(FIELD))),
    ] {
        assert_eq!(answer.header(header), value, "{header}");
    }
    let head = house.method(Method::HEAD, &path).await.expect(200);
    assert_eq!((head.header("content-length"), head.body.len()), ("10", 0));
}

#[tokio::test]
async fn a_hostile_name_cannot_leave_its_header() {
    let (house, path) = left("out/a\";filename=\"evil.exe").await;
    let answer = house.get(&path).await.expect(200);
    assert_eq!(
        answer.header("content-disposition"),
        "attachment; filename=\"a__filename__evil.exe\"; filename*=UTF-8''a%22%3Bfilename%3D%22evil.exe"
    );
}

#[tokio::test]
async fn ranges_are_served_one_at_a_time() {
    let (house, path) = left("field.csv").await;
    for (range, place, bytes) in [
        ("bytes=0-3", "bytes 0-3/10", "0123"),
        ("bytes=8-", "bytes 8-9/10", "89"),
        ("bytes=-1", "bytes 9-9/10", "9"),
        ("bytes=0-99", "bytes 0-9/10", "0123456789"),
    ] {
        let answer = ranged(&house, &path, &[("range", range)]).await.expect(206);
        assert_eq!((answer.header("content-range"), answer.text().as_str()), (place, bytes), "{range}");
        assert_eq!(answer.header("content-length"), bytes.len().to_string());
    }
    for range in ["bytes=10-", "bytes=-0"] {
        let answer = ranged(&house, &path, &[("range", range)]).await;
        answer.problem(416, "range_not_satisfiable");
        assert_eq!(answer.header("content-range"), "bytes */10");
    }
    for range in ["bytes=0-1,3-4", "bytes=4-2", "rows=1-2", "nonsense", "bytes=a-b"] {
        assert_eq!(ranged(&house, &path, &[("range", range)]).await.expect(200).body, FIELD, "{range}");
    }
}

#[tokio::test]
async fn who_has_the_bytes_is_not_sent_them_again() {
    let (house, path) = left("field.csv").await;
    let tag = format!("\"{}\"", Digest::of(FIELD));
    for known in [tag.clone(), format!("W/{tag}"), format!("\"x\", {tag}"), "*".to_owned()] {
        let answer = ranged(&house, &path, &[("if-none-match", &known), ("range", "bytes=0-1")]).await;
        assert!(answer.expect(304).body.is_empty());
    }
    ranged(&house, &path, &[("if-none-match", "\"x\"")]).await.expect(200);
    ranged(&house, &path, &[("if-range", &tag), ("range", "bytes=0-1")]).await.expect(206);
    ranged(&house, &path, &[("if-range", "\"x\""), ("range", "bytes=0-1")]).await.expect(200);
}

#[tokio::test]
async fn only_artifacts_of_the_run_are_served() {
    let (house, path) = left("field.csv").await;
    let stored = house.input(b"of nobody").await;
    let run = path.rsplit_once('/').unwrap().0;
    for other in
        [stored.sha256.to_string(), "0".repeat(64), "x".to_owned(), "..%2f..%2fsimulay.sqlite".to_owned()]
    {
        house.get(&format!("{run}/{other}")).await.problem(404, "not_found");
    }
    let named = house.get(&format!("{path}?name=x.html")).await.expect(200);
    assert!(named.header("content-disposition").contains("field.csv"));
}
