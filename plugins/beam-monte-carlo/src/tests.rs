use serde_json::{Value, json};
use simulay_sdk::{Artifact, ContainerResult, Ending, MemoryArtifacts, Report, Source, testing};

use super::*;

fn request(params: Value, seed: u64) -> Request<Params> {
    testing::request::<BeamMonteCarlo>(&params, vec![], seed).unwrap()
}

fn plan(params: Value, seed: u64) -> Result<Step<()>, Failure> {
    BeamMonteCarlo::pre_process(&request(params, seed), &MemoryArtifacts::default())
}

/// The parameters of each call.
fn data(step: &Step<()>) -> Vec<Value> {
    let params = step.calls.iter().map(|call| call.files.iter().find(|file| file.path == "params.json"));
    params
        .map(|file| match &file.unwrap().content {
            Source::Text(text) => serde_json::from_str(text).unwrap(),
            other => panic!("{other:?}"),
        })
        .collect()
}

/// Two parts of `each` samples at the quantiles of the exact distribution, stretched by `factor`.
fn results(artifacts: &mut MemoryArtifacts, each: u32, factor: f64) -> Vec<ContainerResult> {
    let law = theory::Lognormal::of_deflection(&request(json!({}), 0).params.beam);
    let (median, sigma) = (law.summary().p50, law.sigma());
    let part = |part: u32| {
        let at = |i: u32| f64::from(2 * i + part) / f64::from(2 * each + 1);
        (0..each).map(|i| factor * median * (sigma * normal_quantile(at(i))).exp()).collect::<Vec<_>>()
    };
    (1..=2)
        .map(|n| testing::ended(&format!("samples-0{n}"), Ending::Exited(0), files(artifacts, &part(n))))
        .collect()
}

fn files(artifacts: &mut MemoryArtifacts, samples: &[f64]) -> Vec<Artifact> {
    let lines: String = samples.iter().map(|sample| format!("{sample:e}\n")).collect();
    let told = json!({ "count": samples.len(), "sum_m": samples.iter().sum::<f64>() });
    vec![
        artifacts.add("samples.csv", format!("deflection_m\n{lines}")),
        artifacts.add("result.json", told.to_string()),
    ]
}

/// Winitzki's approximation of the error function, inverted: good to 0.4 %.
fn normal_quantile(p: f64) -> f64 {
    let (a, x) = (0.147, 2.0 * p - 1.0);
    let l = (1.0 - x * x).ln();
    let b = 2.0 / (std::f64::consts::PI * a) + l / 2.0;
    x.signum() * ((b * b - l / a).sqrt() - b).sqrt() * 2_f64.sqrt()
}

fn report(results: &[ContainerResult], artifacts: &MemoryArtifacts) -> Result<Report, Failure> {
    let request = request(json!({ "samples": 2000, "containers": 2 }), 0);
    match BeamMonteCarlo::post_process(&request, (), results, artifacts)? {
        Next::Done(report) => Ok(report),
        Next::Again(step) => panic!("{step:?}"),
    }
}

#[test]
fn the_samples_are_shared_out_whole() {
    let step = plan(json!({ "samples": 1003, "containers": 4 }), 1).unwrap();
    let shares: Vec<_> = data(&step).iter().map(|data| data["samples"].as_u64().unwrap()).collect();
    assert_eq!(shares, [251, 251, 251, 250]);
    let names: Vec<_> = step.calls.iter().map(|call| call.name.as_str()).collect();
    assert_eq!(names, ["samples-01", "samples-02", "samples-03", "samples-04"]);
}

#[test]
fn seeds_differ_by_part_and_run_and_stay() {
    let seeds = |seed| {
        data(&plan(json!({}), seed).unwrap()).iter().map(|data| data["seed"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(seeds(1), seeds(1));
    assert_ne!(seeds(1), seeds(2));
    assert_ne!(seeds(1)[0], seeds(1)[1]);
}

#[test]
fn a_pause_lengthens_the_bound_and_is_never_skipped() {
    let call = &plan(json!({ "pause_s": 2.5 }), 1).unwrap().calls[0];
    assert_eq!((call.resources.timeout_ms, call.deterministic), (62_500, false));
    assert!(plan(json!({}), 1).unwrap().calls[0].deterministic);
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
        let refused = plan(params, 1);
        assert!(matches!(&refused, Err(Failure::Invalid { pointer, .. }) if pointer == at), "{refused:?}");
    }
}

#[test]
fn samples_of_the_exact_distribution_agree_with_theory() {
    let mut artifacts = MemoryArtifacts::default();
    let results = results(&mut artifacts, 1000, 1.0);
    let report = report(&results, &artifacts).unwrap();
    assert_eq!(report.outcome["agrees"], json!(true), "{}", report.outcome);
    assert_eq!(report.outcome["samples"], json!(2000));
    let names: Vec<_> = report.artifacts.iter().map(|kept| kept.name.as_str()).collect();
    assert_eq!(names, ["samples-01.csv", "samples-02.csv"]);
    assert_eq!(report.plots[0].x.values.len(), 60);
}

#[test]
fn shifted_samples_do_not() {
    let mut artifacts = MemoryArtifacts::default();
    let results = results(&mut artifacts, 1000, 1.02);
    assert_eq!(report(&results, &artifacts).unwrap().outcome["agrees"], json!(false));
}

#[test]
fn missing_and_damaged_samples_are_no_answer() {
    let mut artifacts = MemoryArtifacts::default();
    let good = results(&mut artifacts, 1000, 1.0);
    let with =
        |files: Vec<Artifact>| vec![good[0].clone(), testing::ended("samples-02", Ending::Exited(0), files)];
    let short = files(&mut artifacts, &[0.003; 999]);
    let mut lying = good[1].outputs.clone();
    lying[1] = artifacts.add("result.json", r#"{"count":1000,"sum_m":1.0}"#);
    let mut words = good[1].outputs.clone();
    words[0] = artifacts.add("samples.csv", "deflection_m\nNaN\nabc\n");
    for results in [with(short), with(lying), with(words), with(vec![]), good[..1].to_vec()] {
        assert!(matches!(report(&results, &artifacts), Err(Failure::Simulation(_))), "{results:?}");
    }
    let mut killed = good;
    killed[1].ending = Ending::Signalled(9);
    assert!(matches!(report(&killed, &artifacts), Err(Failure::Simulation(_))));
}

#[test]
fn the_manifest_holds() {
    assert_eq!(testing::check_manifest::<BeamMonteCarlo>(), Ok(()));
}
