//! The two solutions become the report.

use serde::{Deserialize, Serialize};
use simulay_sdk::{Artifacts, ContainerResult, Failure, Next, Report, Request, read, series};

use crate::params::Params;
use crate::pre_process::CALL;

/// What `main.m` writes to `result.json`, and the outcome of the run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Outcome {
    #[serde(rename = "max_error_K")]
    max_error: f64,
    #[serde(rename = "rms_error_K")]
    rms_error: f64,
    #[serde(rename = "centre_temperature_K")]
    centre: f64,
    #[serde(rename = "centre_temperature_analytic_K")]
    centre_analytic: f64,
    #[serde(rename = "min_temperature_K")]
    min: f64,
    #[serde(rename = "max_temperature_K")]
    max: f64,
}

/// Temperatures of the centre over time.
#[derive(Deserialize)]
struct History {
    t_s: Vec<f64>,
    #[serde(rename = "centre_K")]
    centre: Vec<f64>,
    #[serde(rename = "centre_analytic_K")]
    centre_analytic: Vec<f64>,
}

pub(crate) fn post_process(
    request: &Request<Params>,
    results: &[ContainerResult],
    artifacts: &dyn Artifacts,
) -> Result<Next<()>, Failure> {
    let result = read::result(results, CALL)?;
    let outcome: Outcome = read::json(artifacts, result, "result.json")?;
    check(&request.params, &outcome)?;
    let history: History = read::json(artifacts, result, "history.json")?;
    let report = Report::new(&outcome)?.plot(
        "Temperature of the centre",
        series("time", "s", history.t_s),
        vec![series("numeric", "K", history.centre), series("exact", "K", history.centre_analytic)],
    );
    let files = ["field.csv", "temperature.png", "error.png"];
    let report =
        files.iter().try_fold(report, |report, path| Ok(report.keep(read::output(result, path)?)))?;
    Ok(Next::Done(report))
}

/// Without sources, no temperature leaves the range of start and edges (maximum principle).
fn check(params: &Params, outcome: &Outcome) -> Result<(), Failure> {
    let (low, high) = ordered(params.initial_temperature, params.edge_temperature);
    let margin = 0.01 * (high - low);
    if outcome.min < low - margin || outcome.max > high + margin {
        let message = format!(
            "the temperatures, {} K to {} K, leave the range of start and edges: take more steps",
            outcome.min, outcome.max
        );
        return Err(Failure::simulation(message));
    }
    Ok(())
}

fn ordered(a: f64, b: f64) -> (f64, f64) {
    (a.min(b), a.max(b))
}
