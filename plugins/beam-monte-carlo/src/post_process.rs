//! The samples are gathered and compared with theory.

use serde::Deserialize;
use simulay_sdk::{CallResult, Failure, Next, Report, Results, log, series};

use crate::histogram::Histogram;
use crate::outcome::Outcome;
use crate::params::Params;
use crate::pre_process::{name, share};
use crate::summary::Summary;
use crate::theory::Lognormal;

const BINS: u32 = 60;

/// One of five values beyond it by chance: once in 3000 runs.
const MAX_Z: f64 = 4.0;

/// What `main.m` writes to `result.json`.
#[derive(Deserialize)]
struct Part {
    count: u32,
    sum_m: f64,
}

pub(crate) fn post_process(params: &Params, results: &Results) -> Result<Next<Outcome>, Failure> {
    let mut samples = gather(params, results)?;
    samples.sort_unstable_by(f64::total_cmp);
    let law = Lognormal::of_deflection(&params.beam);
    let outcome = compare(params, &samples, &law);
    if !outcome.agrees {
        log::warn("the samples do not agree with theory");
    }
    let report = plotted(Report::new(outcome), &samples, &law);
    let report = (1..=params.containers).map(name).try_fold(report, |report, name| {
        let samples = results.call(&name)?.file("samples.csv")?;
        Ok::<_, Failure>(report.keep_as(&format!("{name}.csv"), samples))
    })?;
    Ok(report.into())
}

fn gather(params: &Params, results: &Results) -> Result<Vec<f64>, Failure> {
    let mut samples = Vec::with_capacity(params.samples as usize);
    for part in 1..=params.containers {
        samples.extend(of_part(&results.call(&name(part))?, share(params, part))?);
    }
    Ok(samples)
}

/// The samples of a part, which must be as many as asked for and add up to what Octave says.
fn of_part(result: &CallResult, wanted: u32) -> Result<Vec<f64>, Failure> {
    let told: Part = result.json("result.json")?;
    let text = result.text("samples.csv")?;
    let samples = text.lines().skip(1).map(str::parse).collect::<Result<Vec<f64>, _>>();
    let samples = samples.map_err(|error| damaged(result, &format!("a line is no number: {error}")))?;
    if samples.len() as u64 != u64::from(told.count) || told.count != wanted {
        return Err(damaged(result, &format!("{} samples of {wanted}", samples.len())));
    }
    let sum: f64 = samples.iter().sum();
    if !sum.is_finite() || (sum - told.sum_m).abs() > 1e-9 * told.sum_m.abs() {
        return Err(damaged(result, &format!("the samples add up to {sum}, not {}", told.sum_m)));
    }
    Ok(samples)
}

fn damaged(result: &CallResult, what: &str) -> Failure {
    Failure::simulation(format!("`samples.csv` of `{}`: {what}", result.name))
}

fn compare(params: &Params, sorted: &[f64], law: &Lognormal) -> Outcome {
    let (sampled, theory) = (Summary::of(sorted), law.summary());
    let errors = law.standard_errors(sorted.len() as f64);
    let z = sampled.map2(theory, |a, b| a - b).map2(errors, |difference, error| difference / error);
    Outcome {
        samples: sorted.len(),
        containers: params.containers,
        deflection_m: sampled,
        theory_m: theory,
        z,
        agrees: z.values().iter().all(|z| z.abs() <= MAX_Z),
    }
}

fn plotted(report: Report<Outcome>, sorted: &[f64], law: &Lognormal) -> Report<Outcome> {
    let histogram = Histogram::of(sorted, BINS);
    let theory = histogram.centres.iter().map(|&x| law.density(x)).collect();
    report.plot(
        "Density of the tip deflection",
        series("deflection", "m", histogram.centres),
        vec![series("samples", "1/m", histogram.densities), series("theory", "1/m", theory)],
    )
}
