//! `/v1/inputs/archive` and `/v1/inputs/missing`.

use std::fs;
use std::io::Write as _;

use axum::body::Body;
use axum::http::{Method, Request};
use bytes::Bytes;
use serde_json::json;
use simulay_api::ApiSettings;
use simulay_api::wire::{Missing, Unpacked};
use simulay_engine::Settings;
use simulay_model::Digest;

use crate::house::{Answer, House};

pub(crate) fn tar(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    for (name, content) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        archive.append_data(&mut header, name, *content).unwrap();
    }
    archive.into_inner().unwrap()
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub(crate) fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut archive = rawzip::ZipArchiveWriter::new(&mut bytes);
    for (name, content) in files {
        let name = rawzip::path::EntryPath::verbatim(name.as_bytes());
        let (mut entry, config) = archive.new_file(name).start().unwrap();
        let mut writer = config.wrap(&mut entry);
        writer.write_all(content).unwrap();
        let (_, descriptor) = writer.finish().unwrap();
        entry.finish(descriptor).unwrap();
    }
    archive.finish().unwrap();
    bytes
}

async fn send(house: &House, archive: impl Into<Body>) -> Answer {
    let request = Request::post("/v1/inputs/archive").header("content-type", "application/octet-stream");
    house.send(request, archive).await
}

/// Ten files, the last of them large.
fn model() -> Vec<(String, Vec<u8>)> {
    let small = (0..9).map(|n| (format!("lib/f{n}.m"), format!("x = {n};").into_bytes()));
    small.chain([("data.bin".to_owned(), vec![7; 700_000])]).collect()
}

fn borrowed(files: &[(String, Vec<u8>)]) -> Vec<(&str, &[u8])> {
    files.iter().map(|(name, content)| (name.as_str(), content.as_slice())).collect()
}

#[tokio::test]
async fn every_format_gives_the_inputs_of_a_run() {
    let files = model();
    let (plain, packed) = (tar(&borrowed(&files)), zip(&borrowed(&files)));
    for archive in [gzip(&plain), plain, packed] {
        let house = House::with_heat().await;
        let answer: Unpacked = send(&house, archive).await.expect(201).document();
        assert_eq!((answer.inputs.len(), answer.left_out.len(), answer.left_out_more), (10, 0, 0));
        for ((name, content), input) in files.iter().zip(&answer.inputs) {
            assert_eq!((input.path.as_str(), input.size), (name.as_str(), Some(content.len() as u64)));
            assert_eq!(input.sha256, Digest::of(content));
            house.method(Method::HEAD, &format!("/v1/inputs/{}", input.sha256)).await.expect(200);
        }
        let run = house.ended(&json!({ "inputs": answer.inputs })).await;
        assert_eq!(run.inputs.len(), 10);
    }
}

#[tokio::test]
async fn an_archive_may_come_in_the_smallest_pieces() {
    let house = House::new();
    let pieces = tar(&[("main.m", b"x = 1;")])
        .into_iter()
        .map(|byte| Ok::<_, std::io::Error>(Bytes::from(vec![byte])));
    let body = Body::from_stream(futures_util::stream::iter(pieces));
    let answer: Unpacked = send(&house, body).await.expect(201).document();
    assert_eq!(answer.inputs.len(), 1);
}

#[tokio::test]
async fn hostile_archives_are_refused_by_name() {
    let house = House::new();
    for name in ["/etc/passwd", "../x", "a/../../x"] {
        let problem =
            send(&house, zip(&[("fine", b"1"), (name, b"2")])).await.problem(422, "invalid_archive");
        assert!(problem.detail.contains(name), "{problem:?}");
    }
    let whole = gzip(&tar(&[("main.m", b"x = 1;")]));
    for bytes in [&b""[..], b"P", b"no archive", &whole[..whole.len() - 9]] {
        send(&house, Bytes::copy_from_slice(bytes)).await.problem(422, "invalid_archive");
    }
    let twice = send(&house, zip(&[("a", b"1"), ("a", b"2")])).await.problem(422, "invalid_archive");
    assert!(twice.detail.contains("`a` is in the archive twice"));
    send(&house, whole).await.expect(201);
}

#[tokio::test]
async fn odd_files_are_left_out_and_told() {
    let house = House::new();
    let answer: Unpacked =
        send(&house, tar(&[("__MACOSX/._main.m", b""), ("main.m", b"1")])).await.expect(201).document();
    assert_eq!((answer.inputs.len(), answer.left_out.len()), (1, 1));
    assert_eq!(answer.left_out[0].path, "__MACOSX/._main.m");
}

#[tokio::test]
async fn every_bound_is_told_with_its_setting() {
    let settings = ApiSettings {
        max_archive_files: 3,
        max_archive_bytes: 100_000,
        max_input_bytes: 50_000,
        ..ApiSettings::default()
    };
    let house = House::with(&settings, Settings::default());
    let many = tar(&[("a", b""), ("b", b""), ("c", b""), ("d", b"")]);
    let (large, zeros) = ([0; 60_000], [0; 40_000]);
    let sum = gzip(&tar(&[("a", &zeros), ("b", &zeros), ("c", &zeros)]));
    for (archive, setting) in [
        (many, "server.max_archive_files"),
        (gzip(&tar(&[("a", &large)])), "server.max_input_bytes"),
        (sum, "server.max_archive_bytes"),
        (vec![0; 200_000], "server.max_archive_bytes"),
    ] {
        let problem = send(&house, archive).await.problem(413, "payload_too_large");
        assert!(problem.detail.contains(setting), "{problem:?}");
    }
    send(&house, tar(&[("a", &zeros)])).await.expect(201);
}

#[tokio::test]
async fn a_body_that_breaks_off_is_told_as_such_and_nothing_of_it_stays_open() {
    let settings = ApiSettings { max_archives: 1, ..ApiSettings::default() };
    let house = House::with(&settings, Settings::default());
    for archive in [tar(&[("a", b"1")]), zip(&[("a", b"1")])] {
        let broken = || {
            let pieces =
                [Ok(Bytes::copy_from_slice(&archive[..20])), Err(std::io::Error::other("the line broke"))];
            Body::from_stream(futures_util::stream::iter(pieces))
        };
        when_free(&house, broken).await.problem(400, "invalid_header");
    }
    when_free(&house, || tar(&[("a", b"1")])).await.expect(201);
}

/// The place of an archive is free once its thread has seen the end.
async fn when_free<B: Into<Body>>(house: &House, archive: impl Fn() -> B) -> Answer {
    let sending = async {
        loop {
            let answer = send(house, archive()).await;
            if answer.status != 429 {
                return answer;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(crate::house::PATIENCE, sending).await.unwrap()
}

#[tokio::test]
async fn media_types_of_no_archive_are_refused() {
    let house = House::new();
    let request = Request::post("/v1/inputs/archive").header("content-type", "application/json");
    house.send(request, tar(&[])).await.problem(415, "unsupported_media_type");
    for media_type in ["application/x-tar", "application/gzip", "application/zip"] {
        let request = Request::post("/v1/inputs/archive").header("content-type", media_type);
        house.send(request, tar(&[("a", b"1")])).await.expect(201);
    }
}

#[tokio::test]
async fn nothing_of_an_archive_but_its_files_is_on_the_disk() {
    let data = tempfile::tempdir().unwrap();
    let blobs = data.path().join("blobs");
    let house = House::over(data, &ApiSettings::default(), Settings::default());
    send(&house, zip(&[("a/b.m", b"1"), ("c.m", b"2")])).await.expect(201);
    let shelves = fs::read_dir(blobs.join("sha256")).unwrap();
    let stored = shelves.flat_map(|shelf| fs::read_dir(shelf.unwrap().path()).unwrap());
    assert_eq!(stored.count(), 2);
    let beside: Vec<_> = fs::read_dir(&blobs).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(beside.iter().all(|name| name == "sha256" || name == "incoming"), "{beside:?}");
}

#[tokio::test]
async fn what_is_missing_is_told_once() {
    let house = House::new();
    let there = house.input(b"1").await;
    let gone = Digest::of(b"2");
    let body = json!({ "sha256": [gone, there.sha256, gone] });
    let answer: Missing = house.post("/v1/inputs/missing", body.to_string()).await.expect(200).document();
    assert_eq!(answer.missing, [gone]);
    house.post("/v1/inputs/missing", "{\"sha256\":[\"x\"]}").await.problem(422, "params_invalid");
    house.get("/v1/inputs/missing").await.problem(405, "method_not_allowed");
}

#[tokio::test]
async fn a_size_that_is_said_is_checked() {
    let house = House::with_heat().await;
    let input = house.input(b"123").await;
    let body = json!({ "inputs": [{ "path": "a", "sha256": input.sha256, "size": 4 }] });
    let refused = house.post("/v1/pipelines/heat/runs", body.to_string()).await;
    assert_eq!(refused.problem(422, "params_invalid").field.as_deref(), Some("/inputs/0/size"));
}

#[tokio::test]
async fn inputs_of_a_run_are_bounded_and_lie_apart() {
    let house = House::with(&ApiSettings::default(), Settings { max_inputs: 2, ..Settings::default() });
    house.upload(crate::scripts::HEAT).await.expect(201);
    let sha256 = house.input(b"1").await.sha256;
    let inputs = |paths: &[&str]| {
        let inputs: Vec<_> = paths.iter().map(|path| json!({ "path": path, "sha256": sha256 })).collect();
        json!({ "inputs": inputs })
    };
    let refused = async |paths: &[&str]| {
        house.post("/v1/pipelines/heat/runs", inputs(paths).to_string()).await.problem(422, "params_invalid")
    };
    assert!(refused(&["a", "b", "c"]).await.detail.contains("runs.max_inputs"));
    assert_eq!(refused(&["a", "a"]).await.field.as_deref(), Some("/inputs/1/path"));
    assert_eq!(refused(&["a/b", "a"]).await.field.as_deref(), Some("/inputs/1/path"));
    house.start(&inputs(&["a", "A"])).await;
}
