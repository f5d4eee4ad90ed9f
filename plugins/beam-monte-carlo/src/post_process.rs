//! The samples are gathered and compared with theory.

use serde::{Deserialize, Serialize};
use simulay_sdk::{Artifacts, ContainerResult, Failure, Next, Report, Request, log, read, series};

use crate::histogram::Histogram;
use crate::params::Params;
use crate::pre_process::{name, share};
use crate::summary::Summary;
use crate::theory::Lognormal;

const BINS: u32 = 60;

/// One of five values beyond it by chance: once in 3000 runs.
const MAX_Z: f64 = 4.0;

#[derive(Serialize)]
struct Outcome {
    samples: usize,
    containers: u32,
    deflection_m: Summary,
    theory_m: Summary,
    z: Summary,
    agrees: bool,
}

/// What `main.m` writes to `result.json`.
#[derive(Deserialize)]
struct Part {
    count: u32,
    sum_m: f64,
}

pub(crate) fn post_process(
    request: &Request<Params>,
    results: &[ContainerResult],
    artifacts: &dyn Artifacts,
) -> Result<Next<()>, Failure> {
    let params = &request.params;
    let mut samples = gather(params, results, artifacts)?;
    samples.sort_unstable_by(f64::total_cmp);
    let law = Lognormal::of_deflection(&params.beam);
    let outcome = compare(params, &samples, &law);
    if !outcome.agrees {
        log::warn("the samples do not agree with theory");
    }
    let report = plotted(Report::new(&outcome)?, &samples, &law);
    let report = (1..=params.containers).map(name).try_fold(report, |report, name| {
        let output = read::output(read::result(results, &name)?, "samples.csv")?;
        Ok(report.keep_as(&format!("{name}.csv"), output))
    })?;
    Ok(Next::Done(report))
}

fn gather(
    params: &Params,
    results: &[ContainerResult],
    artifacts: &dyn Artifacts,
) -> Result<Vec<f64>, Failure> {
    let mut samples = Vec::with_capacity(params.samples as usize);
    for part in 1..=params.containers {
        samples.extend(of_part(params, part, results, artifacts)?);
    }
    Ok(samples)
}

/// The samples of a part, which must be as many as asked for and add up to what Octave says.
fn of_part(
    params: &Params,
    part: u32,
    results: &[ContainerResult],
    artifacts: &dyn Artifacts,
) -> Result<Vec<f64>, Failure> {
    let result = read::result(results, &name(part))?;
    let told: Part = read::json(artifacts, result, "result.json")?;
    let text = read::text(artifacts, read::output(result, "samples.csv")?)?;
    let samples = text.lines().skip(1).map(str::parse).collect::<Result<Vec<f64>, _>>();
    let samples = samples.map_err(|error| damaged(result, &format!("a line is no number: {error}")))?;
    if samples.len() as u64 != u64::from(told.count) || told.count != share(params, part) {
        let message = format!("{} samples of {}", samples.len(), share(params, part));
        return Err(damaged(result, &message));
    }
    let sum: f64 = samples.iter().sum();
    if !sum.is_finite() || (sum - told.sum_m).abs() > 1e-9 * told.sum_m.abs() {
        return Err(damaged(result, &format!("the samples add up to {sum}, not {}", told.sum_m)));
    }
    Ok(samples)
}

fn damaged(result: &ContainerResult, what: &str) -> Failure {
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

fn plotted(report: Report, sorted: &[f64], law: &Lognormal) -> Report {
    let histogram = Histogram::of(sorted, BINS);
    let theory = histogram.centres.iter().map(|&x| law.density(x)).collect();
    report.plot(
        "Density of the tip deflection",
        series("deflection", "m", histogram.centres),
        vec![series("samples", "1/m", histogram.densities), series("theory", "1/m", theory)],
    )
}
