use serde_json::{Value, json};
use simulay_sdk::{ContainerResult, Ending, MemoryArtifacts, Report, Source, testing};

use super::*;

fn request(params: &Value) -> Request<Params> {
    testing::request::<CoolingCalibration>(params, vec![], 0).unwrap()
}

/// What the container would answer: the closed solution and its derivatives.
fn evaluate(step: &Step<Search>, artifacts: &mut MemoryArtifacts) -> ContainerResult {
    let [call] = step.calls.as_slice() else { panic!("{step:?}") };
    let file = call.files.iter().find(|file| file.path == "params.json").unwrap();
    let Source::Text(text) = &file.content else { panic!("{file:?}") };
    let data: Value = serde_json::from_str(text).unwrap();
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
    let output = artifacts.add("result.json", answer.to_string());
    testing::ended(&call.name, Ending::Exited(0), vec![output])
}

/// Plays the host from the request to the end.
fn run(request: &Request<Params>, artifacts: &mut MemoryArtifacts) -> Result<Report, Failure> {
    let mut step = CoolingCalibration::pre_process(request, artifacts)?;
    loop {
        let result = evaluate(&step, artifacts);
        // As the host keeps it between the calls.
        let state = serde_json::from_str(&serde_json::to_string(&step.state).unwrap()).unwrap();
        match CoolingCalibration::post_process(request, state, &[result], artifacts)? {
            Next::Again(next) => step = next,
            Next::Done(report) => return Ok(report),
        }
    }
}

fn close(value: &Value, expected: &Value, tolerance: f64) {
    let (value, expected) = (value.as_f64().unwrap(), expected.as_f64().unwrap());
    assert!((value - expected).abs() <= tolerance * expected.abs(), "{value} {expected}");
}

#[test]
fn the_examples_come_out() {
    for example in CoolingCalibration::manifest().examples {
        let params = serde_json::from_str(&example.params).unwrap();
        let report = run(&request(&params), &mut MemoryArtifacts::default()).unwrap();
        let expected: Value = serde_json::from_str(&example.expect.unwrap()).unwrap();
        for (name, value) in expected.as_object().unwrap() {
            close(&report.outcome[name], value, example.tolerance);
        }
    }
}

#[test]
fn the_first_measurement_is_the_start_when_none_is_given() {
    let temperatures: Vec<f64> = (0..5).map(|i| 300.0 + 50.0 * (-0.01 * 30.0 * f64::from(i)).exp()).collect();
    let measurements = json!({ "t_s": [20, 50, 80, 110, 140], "T_K": temperatures });
    let params = json!({ "measurements": measurements, "ambient_temperature_K": 300 });
    let report = run(&request(&params), &mut MemoryArtifacts::default()).unwrap();
    close(&report.outcome["k_per_s"], &json!(0.01), 1e-6);
    assert_eq!(report.outcome["measurements"], json!(4));
    assert_eq!(report.outcome["ambient_std_K"], Value::Null);
    let iterations = report.outcome["iterations"].as_u64().unwrap() as usize;
    assert_eq!(report.plots[1].ys[0].values.len(), iterations);
    assert_eq!(report.plots[0].x.values, [50.0, 80.0, 110.0, 140.0]);
}

#[test]
fn an_uploaded_table_is_read() {
    let mut artifacts = MemoryArtifacts::default();
    let file = artifacts.add("measurements.csv", "t_s,T_K\n0,350\n100,318.39397\n200,306.76676\n");
    let params = json!({ "ambient_temperature_K": 300 });
    let request = testing::request::<CoolingCalibration>(&params, vec![file], 0).unwrap();
    close(&run(&request, &mut artifacts).unwrap().outcome["k_per_s"], &json!(0.01), 1e-5);
}

#[test]
fn what_cannot_be_fitted_is_refused_where_it_is() {
    let table = |t_s: &[f64], temperatures: &[f64]| json!({ "t_s": t_s, "T_K": temperatures });
    let three = table(&[0.0, 1.0, 2.0], &[350.0, 340.0, 330.0]);
    for (params, at) in [
        (json!({}), "/measurements"),
        (json!({ "measurements": table(&[0.0, 1.0], &[350.0, 340.0]) }), "/measurements"),
        (json!({ "measurements": three, "fit_ambient": true }), "/measurements"),
        (json!({ "measurements": three, "ambient_temperature_K": 350 }), "/ambient_temperature_K"),
    ] {
        let refused = CoolingCalibration::pre_process(&request(&params), &MemoryArtifacts::default());
        assert!(matches!(&refused, Err(Failure::Invalid { pointer, .. }) if pointer == at), "{refused:?}");
    }
}

#[test]
fn a_fit_that_does_not_converge_is_no_answer() {
    let measurements = json!({ "t_s": [0, 100, 200, 300], "T_K": [350, 318.4, 306.8, 302.5] });
    let far = json!({ "measurements": measurements, "ambient_temperature_K": 300, "initial_k_per_s": 500 });
    let hurried = json!({ "measurements": measurements, "ambient_temperature_K": 300, "max_iterations": 2 });
    for params in [far, hurried] {
        let failed = run(&request(&params), &mut MemoryArtifacts::default());
        assert!(matches!(failed, Err(Failure::Simulation(_))), "{failed:?}");
    }
}

#[test]
fn a_damaged_answer_is_no_answer() {
    let measurements = json!({ "t_s": [0, 100, 200, 300], "T_K": [350, 318.4, 306.8, 302.5] });
    let request = request(&json!({ "measurements": measurements, "ambient_temperature_K": 300 }));
    let mut artifacts = MemoryArtifacts::default();
    let step = CoolingCalibration::pre_process(&request, &artifacts).unwrap();
    let too_few = r#"{"T_K":[1,2],"dT_dk":[1,2],"dT_dambient":[1,2]}"#;
    let infinite = r#"{"T_K":[1,2,null],"dT_dk":[1,2,3],"dT_dambient":[1,2,3]}"#;
    for (ending, answer) in
        [(Ending::Exited(0), too_few), (Ending::Exited(0), infinite), (Ending::TimedOut, "")]
    {
        let output = artifacts.add("result.json", answer);
        let result = testing::ended("iteration-01", ending, vec![output]);
        let failed = CoolingCalibration::post_process(&request, step.state.clone(), &[result], &artifacts);
        assert!(matches!(failed, Err(Failure::Simulation(_))), "{failed:?}");
    }
}

#[test]
fn the_manifest_holds() {
    assert_eq!(testing::check_manifest::<CoolingCalibration>(), Ok(()));
}
