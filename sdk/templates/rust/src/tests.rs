use serde_json::{Value, json};
use simulay_sdk::Ending;
use simulay_sdk::testing::{Answer, Call, Stop, Trial, check, examples, trial};

use super::*;

fn spring(params: Value) -> Trial<MyPipeline> {
    trial(params)
}

/// What Octave would write: here, the exact motion.
fn swing(call: &Call) -> Answer {
    let params: Params = serde_json::from_value(call.params()).unwrap();
    let last = f64::from(params.points - 1);
    let t_s: Vec<f64> = (0..params.points).map(|i| params.time_s * f64::from(i) / last).collect();
    let x_m: Vec<f64> = t_s.iter().map(|t| theory::displacement(&params, *t)).collect();
    Answer::ok().json("motion.json", &json!({ "t_s": t_s, "x_m": x_m }))
}

#[test]
fn the_examples_come_out() {
    for example in examples::<MyPipeline>() {
        let outcome = spring(example.params).run(swing).unwrap().outcome;
        for (name, expected) in example.expect.as_object().unwrap() {
            let (found, expected) = (outcome[name].as_f64().unwrap(), expected.as_f64().unwrap());
            let off = (found - expected).abs() / expected.abs();
            assert!(off <= example.tolerance, "{name}: {found} {expected}");
        }
    }
}

#[test]
fn parameters_reach_octave_with_their_defaults() {
    let call = &spring(json!({ "mass_kg": 2 })).plan().unwrap()[0];
    assert_eq!(call.params()["mass_kg"], 2.0);
    assert_eq!(call.params()["stiffness_N_per_m"], 100.0);
}

#[test]
fn what_does_not_swing_is_refused_where_it_is() {
    let stiff = spring(json!({ "damping_N_s_per_m": 20 })).plan().unwrap_err();
    assert_eq!(stiff.pointer(), Some("/damping_N_s_per_m"));
    assert!(matches!(spring(json!({ "mass_kg": 0 })).plan(), Err(Stop::Params(_))));
}

#[test]
fn a_bad_ending_ends_the_run() {
    for ending in [Ending::Exited(1), Ending::OutOfMemory, Ending::TimedOut] {
        let stopped = spring(json!({})).run(|_| Answer::ended(ending)).unwrap_err();
        assert_eq!(stopped, Stop::Call { name: "motion".into(), ending });
    }
}

#[test]
fn missing_and_damaged_output_is_no_answer() {
    let short = json!({ "t_s": [0], "x_m": [0.1] });
    for answer in [
        Answer::ok(),
        Answer::ok().file("motion.json", "{"),
        Answer::ok().json("motion.json", &short),
    ] {
        let stopped = spring(json!({})).run(|_| answer.clone()).unwrap_err();
        assert!(matches!(stopped, Stop::Simulation(_)), "{stopped}");
    }
}

#[test]
fn the_manifest_holds() {
    assert_eq!(check::<MyPipeline>(), Ok(()));
}
