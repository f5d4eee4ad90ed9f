//! A mass on a damped spring is let go.

mod outcome;
mod params;
mod theory;

use std::f64::consts::TAU;

use serde::Deserialize;
use serde_json::json;
use simulay_sdk::{Failure, Manifest, Next, Pipeline, Report, Request, Results, Step, octave, series};

pub use outcome::Outcome;
pub use params::Params;

/// The pipeline.
pub struct MyPipeline;

/// What `main.m` writes to `motion.json`.
#[derive(Deserialize)]
struct Motion {
    t_s: Vec<f64>,
    x_m: Vec<f64>,
}

impl Pipeline for MyPipeline {
    type Params = Params;
    type State = ();
    type Outcome = Outcome;

    fn manifest() -> Manifest<Params> {
        let expect = json!({
            "damping_ratio": 0.05, "period_s": 0.629_105_405, "final_displacement_m": 0.007_638_443
        });
        simulay_sdk::manifest!()
            .title("A mass on a damped spring")
            .image("octave", "Integrates the motion.")
            .example("A kilogram on a soft spring", &Params::default(), &expect, 1e-5)
    }

    fn pre_process(request: &Request<Params>) -> Result<Step, Failure> {
        if request.params.damping_ratio() >= 1.0 {
            let message = "too strong: the mass would not swing; lower it, or raise the stiffness";
            return Err(Failure::invalid("/damping_N_s_per_m", message));
        }
        let script = octave::script("motion", include_str!("../octave/main.m"))
            .write_json()
            .params(&request.params)
            .keep("motion.json");
        Ok(script.build().into())
    }

    fn post_process(request: &Request<Params>, (): (), results: &Results) -> Result<Next<Outcome>, Failure> {
        let params = &request.params;
        let motion: Motion = results.call("motion")?.json("motion.json")?;
        let exact: Vec<f64> = motion.t_s.iter().map(|t| theory::displacement(params, *t)).collect();
        let outcome = compare(params, &motion, &exact)?;
        let report = Report::new(outcome).plot(
            "Displacement",
            series("time", "s", motion.t_s),
            vec![series("numeric", "m", motion.x_m), series("exact", "m", exact)],
        );
        Ok(report.into())
    }
}

fn compare(params: &Params, motion: &Motion, exact: &[f64]) -> Result<Outcome, Failure> {
    let last = motion.x_m.last().filter(|_| motion.x_m.len() == params.points as usize);
    let last = last.ok_or_else(|| Failure::simulation("the motion does not have a value at each point"))?;
    let errors = motion.x_m.iter().zip(exact).map(|(numeric, exact)| (numeric - exact).abs());
    Ok(Outcome {
        damping_ratio: params.damping_ratio(),
        period_s: TAU / theory::damped_frequency(params),
        final_displacement_m: *last,
        max_error_m: errors.fold(0.0, f64::max),
    })
}

simulay_sdk::export_pipeline!(MyPipeline);

#[cfg(test)]
mod tests;
