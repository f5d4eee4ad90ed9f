//! `/v1/runs/{id}/plots`.

use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};
use simulay_api::wire::{PlotCurves, PlotList, Run};
use simulay_containers::scripted::Act;

use crate::house::{Answer, House};

/// A run with a plot, and where that is.
async fn plotted() -> (House, Run, String) {
    let house = House::with_heat().await;
    let run = house.ended(&json!({})).await;
    let path = format!("/v1/runs/{}/plots", run.id);
    (house, run, path)
}

async fn asked(house: &House, path: &str, header: &str, value: &str) -> Answer {
    house.send(Request::get(path).header(header, value), Body::empty()).await
}

#[tokio::test]
async fn plots_are_listed_without_and_shown_with_their_numbers() {
    let (house, _, path) = plotted().await;
    let answer = house.get(&path).await.expect(200);
    assert!(!answer.text().contains("values"));
    let PlotList { plots } = answer.document();
    let [plot] = &plots[..] else { panic!("{plots:?}") };
    assert_eq!((plot.number, plot.title.as_str(), plot.x.unit.as_str(), plot.points), (0, "Profile", "K", 2));
    let shown: PlotCurves = house.get(&format!("{path}/0")).await.expect(200).document();
    let curve = &shown.series[0];
    assert_eq!((curve.name.as_str(), curve.of), ("T", 2));
    assert_eq!((&curve.x[..], &curve.y[..]), (&[1.0, 2.0][..], &[Some(1.0), Some(2.0)][..]));
    let part: PlotCurves = house.get(&format!("{path}/0?from=5&to=6&points=10")).await.expect(200).document();
    assert!(part.series[0].x.is_empty() && part.series[0].of == 2);
    for (query, field) in [
        ("points=9", "points"),
        ("points=100001", "points"),
        ("points=x", "points"),
        ("from=2&to=1", "to"),
        ("from=NaN", "from"),
        ("to=inf", "to"),
        ("format=xml", "format"),
        ("format=csv&points=10", "points"),
        ("format=float64&from=1", "from"),
        ("novel=1", "query"),
    ] {
        let problem = house.get(&format!("{path}/0?{query}")).await.problem(422, "params_invalid");
        assert_eq!(problem.field.as_deref(), Some(field), "{query}");
    }
    for none in ["1", "-1", "x", "99999999999999999999"] {
        house.get(&format!("{path}/{none}")).await.problem(404, "not_found");
    }
}

#[tokio::test]
async fn every_point_comes_as_a_table_or_as_numbers_by_header_or_by_name() {
    let (house, _, path) = plotted().await;
    let path = format!("{path}/0");
    let by_header = asked(&house, &path, "accept", "text/csv").await.expect(200);
    assert_eq!(by_header.text(), "\"x [K]\",\"T [K]\"\r\n1.0,1.0\r\n2.0,2.0\r\n");
    assert_eq!(by_header.header("content-type"), "text/csv; charset=utf-8; header=present");
    assert!(by_header.header("content-disposition").contains("filename=\"Profile.csv\""));
    assert_eq!(house.get(&format!("{path}?format=csv")).await.expect(200).body, by_header.body);
    let numbers = asked(&house, &path, "accept", "application/octet-stream").await.expect(200);
    assert_eq!(numbers.header("content-length"), "32");
    let expected: Vec<u8> = [1.0_f64, 2.0, 1.0, 2.0].iter().flat_map(|number| number.to_le_bytes()).collect();
    assert_eq!(numbers.body, expected);
    asked(&house, &path, "accept", "image/png").await.problem(406, "not_acceptable");
    asked(&house, &path, "accept", "text/html, */*;q=0.1").await.expect(200).document::<PlotCurves>();
}

#[tokio::test]
async fn what_an_ended_run_shows_is_kept_and_asked_for_each_time() {
    let (house, _, path) = plotted().await;
    let one = format!("{path}/0");
    let mut tags = Vec::new();
    for path in
        [&path, &one, &format!("{one}?points=10"), &format!("{one}?format=csv"), &format!("{one}?from=1")]
    {
        let answer = house.get(path).await.expect(200);
        assert_eq!(answer.header("cache-control"), "private, no-cache", "{path}");
        let tag = answer.header("etag").to_owned();
        let again = asked(&house, path, "if-none-match", &tag).await.expect(304);
        assert!(again.body.is_empty() && again.header("etag") == tag);
        assert!(!tags.contains(&tag), "{tag}");
        tags.push(tag);
    }
    assert_eq!(house.get(&one).await.header("vary"), "Accept");
    let none = format!("{path}/1");
    asked(&house, &none, "if-none-match", "*").await.problem(404, "not_found");
}

#[tokio::test]
async fn a_run_at_work_has_no_plots_yet_and_nobody_keeps_that() {
    let house = House::with_heat().await;
    house.containers.on("solve", Act::exits(0).held());
    let run = house.start(&json!({})).await;
    house.until_at_work().await;
    let path = format!("/v1/runs/{}/plots", run.id);
    let answer = house.get(&path).await.expect(200);
    assert_eq!((answer.header("cache-control"), answer.header("etag")), ("no-store", ""));
    assert!(answer.document::<PlotList>().plots.is_empty());
    house.get(&format!("{path}/0")).await.problem(404, "not_found");
    house.containers.release("solve");
}

#[tokio::test]
async fn a_run_is_shown_without_the_numbers_of_its_plots() {
    let (house, run, _) = plotted().await;
    let path = format!("/v1/runs/{}", run.id);
    let whole: Value = house.get(&path).await.expect(200).document();
    assert_eq!(whole["report"]["plots"][0]["ys"][0]["values"], json!([1.0, 2.0]));
    let light: Value = house.get(&format!("{path}?plots=omit")).await.expect(200).document();
    assert_eq!(light["report"]["outcome"], whole["report"]["outcome"]);
    let plot = &light["report"]["plots"][0];
    assert_eq!((&plot["title"], &plot["ys"][0]["name"]), (&json!("Profile"), &json!("T")));
    assert_eq!((&plot["x"]["values"], &plot["ys"][0]["values"]), (&json!([]), &json!([])));
    let problem = house.get(&format!("{path}?plots=all")).await.problem(422, "params_invalid");
    assert_eq!(problem.field.as_deref(), Some("plots"));
}
