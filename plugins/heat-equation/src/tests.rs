use serde_json::{Value, json};
use simulay_sdk::Ending;
use simulay_sdk::testing::{Answer, Stop, Trial, check, trial};

use super::*;

fn plate(params: Value) -> Trial<HeatEquation> {
    trial(params)
}

/// What `main.m` leaves when the grid ends up between `min` and `max`.
fn solved(min: f64, max: f64) -> Answer {
    let result = json!({
        "max_error_K": 0.004, "rms_error_K": 0.002, "centre_temperature_K": max,
        "centre_temperature_analytic_K": 326.382, "min_temperature_K": min, "max_temperature_K": max
    });
    let history = json!({ "t_s": [0, 5], "centre_K": [400, 326.4], "centre_analytic_K": [400, 326.382] });
    Answer::ok()
        .json("result.json", &result)
        .json("history.json", &history)
        .file("field.csv", "x_m,y_m,T_K,T_analytic_K\n")
        .file("temperature.png", "png")
        .file("error.png", "png")
}

fn failure(answer: Answer) -> Stop {
    plate(json!({})).run(|_| answer.clone()).unwrap_err()
}

#[test]
fn parameters_reach_octave_under_their_own_names() {
    let calls = plate(json!({ "width_m": 0.25 })).plan().unwrap();
    let read = calls[0].params();
    assert_eq!((&read["width_m"], &read["initial_temperature_K"]), (&json!(0.25), &json!(400.0)));
    assert_eq!(read.as_object().unwrap().len(), 9);
}

#[test]
fn the_same_request_gives_the_same_step() {
    assert_eq!(plate(json!({})).plan(), plate(json!({})).plan());
}

#[test]
fn what_cannot_be_simulated_is_refused_where_it_is() {
    for (params, at) in [
        (json!({ "edge_temperature_K": 400 }), "/edge_temperature_K"),
        (json!({ "time_s": 1e-4 }), "/time_s"),
        (json!({ "width_m": 900 }), "/time_s"),
    ] {
        assert_eq!(plate(params).plan().unwrap_err().pointer(), Some(at));
    }
    assert!(matches!(plate(json!({ "cells_x": 5 })).plan(), Err(Stop::Params(_))));
}

#[test]
fn the_report_has_the_errors_a_plot_and_three_files() {
    let done = plate(json!({})).run(|_| solved(300.1, 326.4)).unwrap();
    assert_eq!(done.outcome["max_error_K"], json!(0.004));
    assert_eq!(done.outcome["centre_temperature_K"], json!(326.4));
    let [plot] = done.plots.as_slice() else { panic!("{:?}", done.plots) };
    assert_eq!(plot.x.values, [0.0, 5.0]);
    assert_eq!(plot.ys[1].values, [400.0, 326.382]);
    assert_eq!(done.file_names(), ["field.csv", "temperature.png", "error.png"]);
}

#[test]
fn temperatures_out_of_range_are_no_answer() {
    for (min, max) in [(298.0, 326.0), (300.0, 402.0)] {
        let failed = failure(solved(min, max));
        assert!(matches!(&failed, Stop::Simulation(message) if message.contains("more steps")), "{failed}");
    }
}

#[test]
fn a_result_that_is_not_finite_is_no_answer() {
    let failed = failure(solved(300.0, 326.0).file("result.json", r#"{"max_error_K":null}"#));
    assert!(matches!(failed, Stop::Simulation(_)), "{failed}");
}

#[test]
fn a_missing_file_and_a_bad_ending_are_no_answer() {
    let failed = failure(solved(300.0, 326.0).without("error.png"));
    assert_eq!(failed, Stop::Simulation("`plate` left no file `error.png`".into()));
    let failed = failure(Answer::ended(Ending::OutOfMemory));
    assert_eq!(failed, Stop::Call { name: "plate".into(), ending: Ending::OutOfMemory });
}

#[test]
fn the_manifest_holds() {
    assert_eq!(check::<HeatEquation>(), Ok(()));
}
