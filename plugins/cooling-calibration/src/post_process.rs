//! The model's answer becomes the next iteration or the report.

use serde::Deserialize;
use simulay_sdk::{Failure, Next, Report, Request, Results, log, series};

use crate::fit::{Point, Row, Solution, sum_of_squares};
use crate::measurements::Measurements;
use crate::outcome::Outcome;
use crate::params::Params;
use crate::pre_process::{name, step};
use crate::search::{Progress, Rules, Search};

/// What `main.m` writes to `result.json`, one value per measurement.
#[derive(Deserialize)]
struct Model {
    #[serde(rename = "T_K")]
    temperatures: Vec<f64>,
    #[serde(rename = "dT_dk")]
    by_k: Vec<f64>,
    #[serde(rename = "dT_dambient")]
    by_ambient: Vec<f64>,
}

pub(crate) fn post_process(
    request: &Request<Params>,
    search: Search,
    results: &Results,
) -> Result<Next<Outcome, Search>, Failure> {
    let measurements = Measurements::of(request)?;
    let model: Model = results.call(&name(&search))?.json("result.json")?;
    let rows = rows(&measurements, &model, search.trial.k())?;
    let rms = (sum_of_squares(&rows) / rows.len() as f64).sqrt();
    log::info(&format!("iteration {}: k = {:.9e} 1/s, rms {rms:.6e} K", search.iteration, search.trial.k()));
    let rules = Rules {
        fit_ambient: request.params.fit_ambient,
        tolerance: request.params.tolerance,
        max_iterations: request.params.max_iterations,
        scale: measurements.range(),
    };
    match search.clone().advance(&rows, &rules) {
        Progress::Again(next) => Ok(Next::Again(step(&measurements, next))),
        Progress::Failed(message) => Err(Failure::Simulation(message)),
        Progress::Converged { point, solution } => {
            let outcome = outcome(&rows, &search, point, &solution, rules.fit_ambient);
            Ok(report(outcome, measurements, model, search).into())
        }
    }
}

fn rows(measurements: &Measurements, model: &Model, k: f64) -> Result<Vec<Row>, Failure> {
    let measured = &measurements.table.temperatures;
    let columns = [&model.temperatures, &model.by_k, &model.by_ambient];
    if columns.iter().any(|column| column.len() != measured.len()) {
        return Err(Failure::simulation("the model did not answer for each measurement"));
    }
    let modelled = model.temperatures.iter().zip(&model.by_k).zip(&model.by_ambient);
    let row = |(measured, ((temperature, by_k), by_ambient)): (&f64, ((&f64, &f64), &f64))| Row {
        residual: measured - temperature,
        // The chain rule, since the unknown is ln k.
        by_log_k: k * by_k,
        by_ambient: *by_ambient,
    };
    Ok(measured.iter().zip(modelled).map(row).collect())
}

fn outcome(rows: &[Row], search: &Search, point: Point, solution: &Solution, fit_ambient: bool) -> Outcome {
    let unknowns = 1.0 + f64::from(u8::from(fit_ambient));
    let count = rows.len() as f64;
    let squares = sum_of_squares(rows);
    let deviation = |variance: f64| (variance * squares / (count - unknowns)).sqrt();
    let k = point.k();
    Outcome {
        k_per_s: k,
        k_std_per_s: k * deviation(solution.variances.log_k),
        time_constant_s: 1.0 / k,
        ambient_temperature: point.ambient,
        ambient_std: fit_ambient.then(|| deviation(solution.variances.ambient)),
        iterations: search.iteration,
        residual_rms: (squares / count).sqrt(),
        measurements: rows.len(),
    }
}

fn report(outcome: Outcome, of: Measurements, model: Model, mut search: Search) -> Report<Outcome> {
    search.tried.push(outcome.k_per_s);
    let iterations = (1..=search.iteration).map(f64::from).collect();
    Report::new(outcome)
        .plot(
            "Temperature",
            series("time", "s", of.table.t_s),
            vec![series("measured", "K", of.table.temperatures), series("fitted", "K", model.temperatures)],
        )
        .plot(
            "Cooling constant by iteration",
            series("iteration", "", iterations),
            vec![series("k", "/s", search.tried)],
        )
}
