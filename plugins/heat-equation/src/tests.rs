use serde_json::{Value, json};
use simulay_sdk::{Artifact, Ending, MemoryArtifacts, Report, Source, testing};

use super::*;

fn request(params: Value) -> Request<Params> {
    testing::request::<HeatEquation>(&params, vec![], 0).unwrap()
}

fn plan(params: Value) -> Result<Step<()>, Failure> {
    HeatEquation::pre_process(&request(params), &MemoryArtifacts::default())
}

/// What `main.m` leaves when the grid ends up between `min` and `max`.
fn outputs(artifacts: &mut MemoryArtifacts, min: f64, max: f64) -> Vec<Artifact> {
    let result = json!({
        "max_error_K": 0.004, "rms_error_K": 0.002, "centre_temperature_K": max,
        "centre_temperature_analytic_K": 326.382, "min_temperature_K": min, "max_temperature_K": max
    });
    let history = json!({ "t_s": [0, 5], "centre_K": [400, 326.4], "centre_analytic_K": [400, 326.382] });
    vec![
        artifacts.add("result.json", result.to_string()),
        artifacts.add("history.json", history.to_string()),
        artifacts.add("field.csv", "x_m,y_m,T_K,T_analytic_K\n"),
        artifacts.add("temperature.png", "png"),
        artifacts.add("error.png", "png"),
    ]
}

fn report(ending: Ending, outputs: Vec<Artifact>, artifacts: &MemoryArtifacts) -> Result<Report, Failure> {
    let results = [testing::ended("plate", ending, outputs)];
    match HeatEquation::post_process(&request(json!({})), (), &results, artifacts)? {
        Next::Done(report) => Ok(report),
        Next::Again(step) => panic!("{step:?}"),
    }
}

#[test]
fn parameters_reach_octave_under_their_own_names() {
    let step = plan(json!({ "width_m": 0.25 })).unwrap();
    let params = step.calls[0].files.iter().find(|file| file.path == "params.json").unwrap();
    let Source::Text(text) = &params.content else { panic!("{params:?}") };
    let read: Value = serde_json::from_str(text).unwrap();
    assert_eq!((&read["width_m"], &read["initial_temperature_K"]), (&json!(0.25), &json!(400.0)));
    assert_eq!(read.as_object().unwrap().len(), 9);
}

#[test]
fn the_same_request_gives_the_same_step() {
    assert_eq!(plan(json!({})), plan(json!({})));
}

#[test]
fn what_cannot_be_simulated_is_refused_where_it_is() {
    for (params, at) in [
        (json!({ "edge_temperature_K": 400 }), "/edge_temperature_K"),
        (json!({ "time_s": 1e-4 }), "/time_s"),
        (json!({ "width_m": 900 }), "/time_s"),
    ] {
        let refused = plan(params);
        assert!(matches!(&refused, Err(Failure::Invalid { pointer, .. }) if pointer == at), "{refused:?}");
    }
}

#[test]
fn the_report_has_the_errors_a_plot_and_three_files() {
    let mut artifacts = MemoryArtifacts::default();
    let outputs = outputs(&mut artifacts, 300.1, 326.4);
    let report = report(Ending::Exited(0), outputs, &artifacts).unwrap();
    assert_eq!(report.outcome["max_error_K"], json!(0.004));
    assert_eq!(report.outcome["centre_temperature_K"], json!(326.4));
    let [plot] = report.plots.as_slice() else { panic!("{:?}", report.plots) };
    assert_eq!(plot.x.values, [0.0, 5.0]);
    assert_eq!(plot.ys[1].values, [400.0, 326.382]);
    let names: Vec<_> = report.artifacts.iter().map(|kept| kept.name.as_str()).collect();
    assert_eq!(names, ["field.csv", "temperature.png", "error.png"]);
}

#[test]
fn temperatures_out_of_range_are_no_answer() {
    for (min, max) in [(298.0, 326.0), (300.0, 402.0)] {
        let mut artifacts = MemoryArtifacts::default();
        let outputs = outputs(&mut artifacts, min, max);
        let refused = report(Ending::Exited(0), outputs, &artifacts);
        assert!(matches!(&refused, Err(Failure::Simulation(message)) if message.contains("more steps")));
    }
}

#[test]
fn a_result_that_is_not_finite_is_no_answer() {
    let mut artifacts = MemoryArtifacts::default();
    let mut outputs = outputs(&mut artifacts, 300.0, 326.0);
    outputs[0] = artifacts.add("result.json", r#"{"max_error_K":null}"#);
    assert!(matches!(report(Ending::Exited(0), outputs, &artifacts), Err(Failure::Simulation(_))));
}

#[test]
fn a_missing_file_and_a_bad_ending_are_no_answer() {
    let mut artifacts = MemoryArtifacts::default();
    let mut outputs = outputs(&mut artifacts, 300.0, 326.0);
    outputs.pop();
    assert!(matches!(report(Ending::Exited(0), outputs.clone(), &artifacts), Err(Failure::Simulation(_))));
    assert!(matches!(report(Ending::OutOfMemory, outputs, &artifacts), Err(Failure::Simulation(_))));
}

#[test]
fn the_manifest_holds() {
    assert_eq!(testing::check_manifest::<HeatEquation>(), Ok(()));
}
