//! The two solutions become the report.

use serde::Deserialize;
use simulay_sdk::{Failure, Next, Report, Results, series};

use crate::outcome::Outcome;
use crate::params::Params;
use crate::pre_process::CALL;

/// Temperatures of the centre over time.
#[derive(Deserialize)]
struct History {
    t_s: Vec<f64>,
    #[serde(rename = "centre_K")]
    centre: Vec<f64>,
    #[serde(rename = "centre_analytic_K")]
    centre_analytic: Vec<f64>,
}

pub(crate) fn post_process(params: &Params, results: &Results) -> Result<Next<Outcome>, Failure> {
    let plate = results.call(CALL)?;
    let outcome: Outcome = plate.json("result.json")?;
    check(params, &outcome)?;
    let history: History = plate.json("history.json")?;
    let report = Report::new(outcome)
        .plot(
            "Temperature of the centre",
            series("time", "s", history.t_s),
            vec![series("numeric", "K", history.centre), series("exact", "K", history.centre_analytic)],
        )
        .keep(plate.file("field.csv")?)
        .keep(plate.file("temperature.png")?)
        .keep(plate.file("error.png")?);
    Ok(report.into())
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
