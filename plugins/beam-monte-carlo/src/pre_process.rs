//! The samples are shared out among containers.

use serde::Serialize;
use simulay_sdk::octave::{self, Script};
use simulay_sdk::{ContainerCall, Failure, Request, Resources, Step};

use crate::params::{Beam, Params};
use crate::seeds::seed;
use crate::theory::Lognormal;

/// What Octave needs for its samples, generously.
const WORK_MS: u64 = 60_000;

/// The most a call uses, with the longest pause.
pub(crate) const MAX_RESOURCES: Resources = Resources { timeout_ms: WORK_MS + 600_000, ..octave::RESOURCES };

/// Up to it the slope's square is negligible against 1.
const MAX_SLENDERNESS: f64 = 0.1;

/// What `main.m` reads from `params.json`.
#[derive(Serialize)]
struct Data {
    #[serde(flatten)]
    beam: Beam,
    part: u32,
    parts: u32,
    samples: u32,
    pause_s: f64,
    seed: Vec<u32>,
}

pub(crate) fn pre_process(request: &Request<Params>) -> Result<Step, Failure> {
    check(&request.params)?;
    let calls = (1..=request.params.containers).map(|part| call(request, part)).collect();
    Ok(Step::new((), calls))
}

/// Name of the call of a part, from 1.
pub(crate) fn name(part: u32) -> String {
    format!("samples-{part:02}")
}

/// Samples of a part: equal shares, the remainder one each for the first parts.
pub(crate) fn share(params: &Params, part: u32) -> u32 {
    let remainder = params.samples % params.containers;
    params.samples / params.containers + u32::from(part <= remainder)
}

fn call(request: &Request<Params>, part: u32) -> ContainerCall {
    let params = &request.params;
    let data = Data {
        beam: params.beam,
        part,
        parts: params.containers,
        samples: share(params, part),
        pause_s: params.pause_s,
        seed: seed(request.seed, part),
    };
    let script = octave::script(&name(part), include_str!("../octave/main.m"))
        .text("lognormal.m", include_str!("../octave/lognormal.m"))
        .write_json()
        .params(&data)
        .keep("samples.csv")
        .keep("result.json")
        .timeout_ms(WORK_MS + (params.pause_s * 1000.0) as u64);
    waiting(params, script).build()
}

/// Who asks for a pause wants it, whatever ran before.
fn waiting(params: &Params, script: Script) -> Script {
    if params.pause_s > 0.0 { script.not_deterministic() } else { script }
}

fn check(params: &Params) -> Result<(), Failure> {
    let law = Lognormal::of_deflection(&params.beam);
    if law.sigma() <= 0.0 {
        return Err(Failure::invalid("", "nothing is uncertain: give at least one `cv` over 0"));
    }
    let slenderness = law.mean() / params.beam.length.mean;
    if slenderness > MAX_SLENDERNESS {
        let message = format!(
            "the mean deflection is {slenderness:.2} of the length; the formula holds up to {MAX_SLENDERNESS}"
        );
        return Err(Failure::invalid("/force_N/mean", message));
    }
    Ok(())
}
