use serde_json::{Value, json};
use simulay_sdk::Ending;
use simulay_sdk::testing::{Answer, Call, Done, Stop, Trial, check, trial};

use super::*;

fn fit(params: &Value) -> Trial<CoolingCalibration> {
    trial(params.clone())
}

/// What the container would answer: the closed solution and its derivatives.
fn evaluate(call: &Call) -> Answer {
    let data = call.params();
    let number = |name: &str| data[name].as_f64().unwrap();
    let (k, ambient) = (number("k_per_s"), number("ambient_temperature_K"));
    let excess = number("initial_temperature_K") - ambient;
    let times: Vec<f64> = serde_json::from_value(data["t_s"].clone()).unwrap();
    let column = |of: &dyn Fn(f64) -> f64| -> Vec<f64> {
        times.iter().map(|time| of(time - number("start_s"))).collect()
    };
    let answer = json!({
        "T_K": column(&|t| ambient + excess * (-k * t).exp()),
        "dT_dk": column(&|t| -t * excess * (-k * t).exp()),
        "dT_dambient": column(&|t| 1.0 - (-k * t).exp()),
    });
    Answer::ok().json("result.json", &answer)
}

fn run(params: &Value) -> Result<Done, Stop> {
    fit(params).run(evaluate)
}

fn close(value: &Value, expected: &Value, tolerance: f64) {
    let (value, expected) = (value.as_f64().unwrap(), expected.as_f64().unwrap());
    assert!((value - expected).abs() <= tolerance * expected.abs(), "{value} {expected}");
}

/// A cup measured at these times and temperatures.
fn table(t_s: &[f64], temperatures: &[f64]) -> Value {
    json!({ "t_s": t_s, "T_K": temperatures })
}

fn cup() -> Value {
    table(&[0.0, 100.0, 200.0, 300.0], &[350.0, 318.4, 306.8, 302.5])
}

#[test]
fn the_examples_come_out() {
    for example in simulay_sdk::testing::examples::<CoolingCalibration>() {
        let outcome = run(&example.params).unwrap().outcome;
        for (name, value) in example.expect.as_object().unwrap() {
            close(&outcome[name], value, example.tolerance);
        }
    }
}

#[test]
fn the_first_measurement_is_the_start_when_none_is_given() {
    let temperatures: Vec<f64> = (0..5).map(|i| 300.0 + 50.0 * (-0.01 * 30.0 * f64::from(i)).exp()).collect();
    let measurements = table(&[20.0, 50.0, 80.0, 110.0, 140.0], &temperatures);
    let done = run(&json!({ "measurements": measurements, "ambient_temperature_K": 300 })).unwrap();
    close(&done.outcome["k_per_s"], &json!(0.01), 1e-6);
    assert_eq!(done.outcome["measurements"], json!(4));
    assert_eq!(done.outcome["ambient_std_K"], Value::Null);
    assert_eq!(done.outcome["iterations"].as_u64().unwrap() as usize, done.steps.len());
    assert_eq!(done.plots[1].ys[0].values.len(), done.steps.len());
    assert_eq!(done.plots[0].x.values, [50.0, 80.0, 110.0, 140.0]);
}

#[test]
fn an_uploaded_table_is_read() {
    let csv = "t_s,T_K\n0,350\n100,318.39397\n200,306.76676\n";
    let uploaded = fit(&json!({ "ambient_temperature_K": 300 })).input("measurements.csv", csv);
    close(&uploaded.run(evaluate).unwrap().outcome["k_per_s"], &json!(0.01), 1e-5);
}

#[test]
fn what_cannot_be_fitted_is_refused_where_it_is() {
    let three = table(&[0.0, 1.0, 2.0], &[350.0, 340.0, 330.0]);
    for (params, at) in [
        (json!({}), "/measurements"),
        (json!({ "measurements": table(&[0.0, 1.0], &[350.0, 340.0]) }), "/measurements"),
        (json!({ "measurements": three, "fit_ambient": true }), "/measurements"),
        (json!({ "measurements": three, "ambient_temperature_K": 350 }), "/ambient_temperature_K"),
    ] {
        assert_eq!(fit(&params).plan().unwrap_err().pointer(), Some(at));
    }
}

#[test]
fn a_fit_that_does_not_converge_is_no_answer() {
    let far = json!({ "measurements": cup(), "ambient_temperature_K": 300, "initial_k_per_s": 500 });
    let hurried = json!({ "measurements": cup(), "ambient_temperature_K": 300, "max_iterations": 2 });
    for params in [far, hurried] {
        let failed = run(&params);
        assert!(matches!(failed, Err(Stop::Simulation(_))), "{failed:?}");
    }
}

#[test]
fn a_damaged_answer_is_no_answer() {
    let params = json!({ "measurements": cup(), "ambient_temperature_K": 300 });
    let too_few = r#"{"T_K":[1,2],"dT_dk":[1,2],"dT_dambient":[1,2]}"#;
    let infinite = r#"{"T_K":[1,2,null],"dT_dk":[1,2,3],"dT_dambient":[1,2,3]}"#;
    for answer in [too_few, infinite] {
        let failed = fit(&params).run(|_| Answer::ok().file("result.json", answer));
        assert!(matches!(failed, Err(Stop::Simulation(_))), "{failed:?}");
    }
    let late = fit(&params).run(|_| Answer::ended(Ending::TimedOut)).unwrap_err();
    assert_eq!(late, Stop::Call { name: "iteration-01".into(), ending: Ending::TimedOut });
}

#[test]
fn the_manifest_holds() {
    assert_eq!(check::<CoolingCalibration>(), Ok(()));
}
