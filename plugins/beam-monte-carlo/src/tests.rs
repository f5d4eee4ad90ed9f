use serde_json::{Value, json};
use simulay_sdk::Ending;
use simulay_sdk::testing::{Answer, Call, Done, Stop, Trial, check, trial};

use super::*;

fn beam(params: Value) -> Trial<BeamMonteCarlo> {
    trial(params)
}

/// A part of 1000 samples at the quantiles of the exact distribution, stretched by `factor`.
fn sampled(call: &Call, factor: f64) -> Answer {
    let law = theory::Lognormal::of_deflection(&Beam::default());
    let (median, sigma) = (law.summary().p50, law.sigma());
    let part = call.params()["part"].as_u64().unwrap() as u32;
    let at = |i: u32| f64::from(2 * i + part) / 2001.0;
    let samples: Vec<f64> =
        (0..1000).map(|i| factor * median * (sigma * normal_quantile(at(i))).exp()).collect();
    left(&samples)
}

/// What `main.m` leaves.
fn left(samples: &[f64]) -> Answer {
    let lines: String = samples.iter().map(|sample| format!("{sample:e}\n")).collect();
    let told = json!({ "count": samples.len(), "sum_m": samples.iter().sum::<f64>() });
    Answer::ok().file("samples.csv", format!("deflection_m\n{lines}")).json("result.json", &told)
}

/// Winitzki's approximation of the error function, inverted: good to 0.4 %.
fn normal_quantile(p: f64) -> f64 {
    let (a, x) = (0.147, 2.0 * p - 1.0);
    let l = (1.0 - x * x).ln();
    let b = 2.0 / (std::f64::consts::PI * a) + l / 2.0;
    x.signum() * ((b * b - l / a).sqrt() - b).sqrt() * 2_f64.sqrt()
}

/// Two parts of 1000 samples each.
fn run(answer: impl FnMut(&Call) -> Answer) -> Result<Done, Stop> {
    beam(json!({ "samples": 2000, "containers": 2 })).run(answer)
}

#[test]
fn the_samples_are_shared_out_whole() {
    let calls = beam(json!({ "samples": 1003, "containers": 4 })).seed(1).plan().unwrap();
    let shares: Vec<_> = calls.iter().map(|call| call.params()["samples"].as_u64().unwrap()).collect();
    assert_eq!(shares, [251, 251, 251, 250]);
    let names: Vec<_> = calls.iter().map(|call| call.name.as_str()).collect();
    assert_eq!(names, ["samples-01", "samples-02", "samples-03", "samples-04"]);
}

#[test]
fn a_part_of_a_quantity_may_be_left_out() {
    let calls = beam(json!({ "force_N": { "mean": 5 } })).plan().unwrap();
    assert_eq!(calls[0].params()["force_N"], json!({ "mean": 5.0, "cv": 0.1 }));
    let unknown = beam(json!({ "force_N": { "sd": 5 } })).plan();
    assert!(matches!(unknown, Err(Stop::Params(_))), "{unknown:?}");
    let unknown = beam(json!({ "force": 5 })).plan();
    assert!(matches!(unknown, Err(Stop::Params(_))), "{unknown:?}");
}

#[test]
fn seeds_differ_by_part_and_run_and_stay() {
    let seeds = |seed| {
        let calls = beam(json!({})).seed(seed).plan().unwrap();
        calls.iter().map(|call| call.params()["seed"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(seeds(1), seeds(1));
    assert_ne!(seeds(1), seeds(2));
    assert_ne!(seeds(1)[0], seeds(1)[1]);
}

#[test]
fn a_pause_lengthens_the_bound_and_is_never_skipped() {
    let call = &beam(json!({ "pause_s": 2.5 })).plan().unwrap()[0];
    assert_eq!((call.resources.timeout_ms, call.deterministic), (62_500, false));
    assert!(beam(json!({ "pause_s": 600 })).plan().is_ok());
    assert!(beam(json!({})).plan().unwrap()[0].deterministic);
}

#[test]
fn what_the_formula_does_not_hold_for_is_refused() {
    let certain = |mean: f64| json!({ "mean": mean, "cv": 0 });
    let nothing_uncertain = json!({
        "force_N": certain(1.0), "modulus_Pa": certain(1e9), "width_m": certain(0.1),
        "height_m": certain(0.1), "length_m": certain(1.0)
    });
    let too_soft = json!({ "force_N": { "mean": 1e6, "cv": 0.1 } });
    for (params, at) in [(nothing_uncertain, ""), (too_soft, "/force_N/mean")] {
        assert_eq!(beam(params).plan().unwrap_err().pointer(), Some(at));
    }
}

#[test]
fn samples_of_the_exact_distribution_agree_with_theory() {
    let done = run(|call| sampled(call, 1.0)).unwrap();
    assert_eq!(done.outcome["agrees"], json!(true), "{}", done.outcome);
    assert_eq!(done.outcome["samples"], json!(2000));
    assert_eq!(done.file_names(), ["samples-01.csv", "samples-02.csv"]);
    assert_eq!(done.plots[0].x.values.len(), 60);
}

#[test]
fn shifted_samples_do_not() {
    assert_eq!(run(|call| sampled(call, 1.02)).unwrap().outcome["agrees"], json!(false));
}

#[test]
fn missing_and_damaged_samples_are_no_answer() {
    let good = left(&[0.003; 1000]);
    for bad in [
        left(&[0.003; 999]),
        good.clone().file("result.json", r#"{"count":1000,"sum_m":1.0}"#),
        good.clone().file("samples.csv", "deflection_m\nNaN\nabc\n"),
        good.without("samples.csv"),
        Answer::ok(),
    ] {
        let second = |call: &Call| if call.name == "samples-02" { bad.clone() } else { sampled(call, 1.0) };
        let failed = run(second);
        assert!(matches!(failed, Err(Stop::Simulation(_))), "{failed:?}");
    }
    let ending = Ending::Signalled(9);
    let killed = run(|_| Answer::ended(ending)).unwrap_err();
    assert_eq!(killed, Stop::Call { name: "samples-01".into(), ending });
}

#[test]
fn the_manifest_holds() {
    assert_eq!(check::<BeamMonteCarlo>(), Ok(()));
}
