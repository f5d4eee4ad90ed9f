//! `/v1/compare`.

use serde_json::json;
use simulay_api::wire::{Comparison, ComparisonGroup, Run};
use simulay_containers::scripted::Act;

use crate::every_route::NOBODYS;
use crate::house::House;
use crate::scripts::BEAM;

async fn compared(house: &House, query: &str) -> Comparison {
    house.get(&format!("/v1/compare?{query}")).await.expect(200).document()
}

/// Fields and what they say of whether they are outside.
fn fields(comparison: &Comparison) -> Vec<(String, &str, &[bool])> {
    let rows = comparison.rows.iter();
    rows.map(|row| (row.group.to_string(), row.field.as_str(), &row.outside[..])).collect()
}

async fn widths(house: &House, widths: [f64; 2]) -> [Run; 2] {
    let run = |width: f64| json!({ "params": { "width": width }, "seed": 7 });
    [house.ended(&run(widths[0])).await, house.ended(&run(widths[1])).await]
}

#[tokio::test]
async fn two_runs_that_differ_in_one_value_differ_in_one_row_and_in_their_curves() {
    let house = House::with_heat().await;
    let [one, two] = widths(&house, [2.0, 2.5]).await;
    let query = format!("runs={},{}", one.id, two.id);
    let differing = compared(&house, &query).await;
    assert_eq!(differing.base, one.id);
    assert_eq!(fields(&differing), [("params".to_owned(), "/width", &[false, true][..])]);
    let row = &differing.rows[0];
    assert_eq!(
        (&row.values[..], row.delta[1], row.relative[1]),
        (&[json!(2.0), json!(2.5)][..], Some(0.5), Some(0.25))
    );
    let plot = &differing.plots[0];
    assert_eq!((plot.title.as_str(), &plot.at[..]), ("Profile", &[1.0, 2.0][..]));
    let curve = &plot.series[0].curves[1];
    assert_eq!(curve.y.as_deref(), Some(&[Some(2.5), Some(5.0)][..]));
    assert_eq!(curve.largest.map(|largest| (largest.x, largest.delta)), Some((2.0, 1.0)));
    let all = compared(&house, &format!("{query}&all=true")).await;
    let group = |wanted| all.rows.iter().filter(|row| row.group == wanted).count();
    assert_eq!((group(ComparisonGroup::Version), group(ComparisonGroup::Outcome)), (3, 1));
    assert_eq!(group(ComparisonGroup::Seed), 1);
    let images: Vec<_> = all.rows.iter().filter(|row| row.group == ComparisonGroup::Image).collect();
    let [image] = images.as_slice() else { panic!("{images:?}") };
    let is_id = |id: &serde_json::Value| id.as_str().is_some_and(|id| id.starts_with("sha256:"));
    assert!(image.values.iter().all(is_id) && !image.differs, "{image:?}");
    let tolerated = compared(&house, &format!("{query}&tolerance=0.25")).await;
    assert_eq!(fields(&tolerated), [("params".to_owned(), "/width", &[false, false][..])]);
    let turned = compared(&house, &format!("{query}&base={}", two.id)).await;
    assert_eq!((turned.base, turned.rows[0].delta[0]), (two.id, Some(-0.5)));
    assert_eq!(turned.runs[0].id, one.id, "in the order asked for");
}

#[tokio::test]
async fn runs_of_other_pipelines_inputs_and_ends_are_compared_too() {
    let house = House::with_heat().await;
    house.upload(BEAM).await.expect(201);
    let input = house.input(b"given").await;
    let one =
        house.ended(&json!({ "seed": 7, "inputs": [{ "path": "a.csv", "sha256": input.sha256 }] })).await;
    house.containers.on("solve", Act::exits(1));
    let failed = house.ended(&json!({ "seed": 8 })).await;
    let accepted = house.post("/v1/pipelines/beam/runs", json!({ "seed": 7 }).to_string()).await;
    let beam: Run = accepted.expect(202).document();
    let comparison = compared(&house, &format!("runs={},{},{}", one.id, failed.id, beam.id)).await;
    let row = |field: &str| comparison.rows.iter().find(|row| row.field == field);
    assert_eq!(row("pipeline").unwrap().outside, [false, false, true]);
    assert_eq!(
        (&row("seed").unwrap().outside[..], &row("seed").unwrap().delta[..]),
        (&[false, true, false][..], &[None; 3][..])
    );
    assert_eq!(row("a.csv").unwrap().note.as_deref(), Some("not in every run"));
    assert_eq!(
        (&row("/max").unwrap().has[..2], &row("error").unwrap().has[..2]),
        (&[true, false][..], &[false, true][..])
    );
    let note = comparison.plots[0].series[0].curves[1].note.as_deref();
    assert_eq!(note, Some("the run has no such curve"));
}

#[tokio::test]
async fn what_cannot_be_compared_is_refused_by_name() {
    let house = House::with_heat().await;
    let [one, two] = widths(&house, [1.0, 1.0]).await;
    let both = format!("{},{}", one.id, two.id);
    let many = vec![NOBODYS; 21].join(",");
    for (query, field) in [
        (String::new(), "runs"),
        (format!("runs={}", one.id), "runs"),
        (format!("runs={0},{0}", one.id), "runs"),
        (format!("runs={},x", one.id), "runs"),
        (format!("runs={many}"), "runs"),
        (format!("runs={both}&base={NOBODYS}"), "base"),
        (format!("runs={both}&tolerance=-1"), "tolerance"),
        (format!("runs={both}&tolerance=NaN"), "tolerance"),
        (format!("runs={both}&tolerance=inf"), "tolerance"),
        (format!("runs={both}&all=perhaps"), "all"),
        (format!("runs={both}&points=100000"), "points"),
        (format!("runs={both}&novel=1"), "query"),
    ] {
        let problem = house.get(&format!("/v1/compare?{query}")).await.problem(422, "params_invalid");
        assert_eq!(problem.field.as_deref(), Some(field), "{query}");
    }
    let missing =
        house.get(&format!("/v1/compare?runs={},{NOBODYS}", one.id)).await.problem(404, "not_found");
    assert!(missing.detail.contains(NOBODYS), "{}", missing.detail);
}
