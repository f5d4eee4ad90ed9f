//! The caller's program and files become one container call.

use simulay_sdk::octave::{self, MAIN, PARAMS, Script};
use simulay_sdk::{Failure, Request, Step};

use crate::params::Params;

/// Name of the one call.
pub(crate) const CALL: &str = "program";

const START: &str = include_str!("start.m");
/// Where the start file finds the path of the caller's program.
const ENTRY: &str = ".simulay/entry.txt";

pub(crate) fn pre_process(request: &Request<Params>) -> Result<Step, Failure> {
    let params = &request.params;
    let mut script = program(request)?;
    for input in request.inputs() {
        script = script.file(&input.path, input.source());
    }
    for pattern in &params.keep {
        script = script.keep(pattern);
    }
    Ok(script.resources(params.resources()).build().into())
}

/// The script with start file and parameters, yet without the uploads.
fn program(request: &Request<Params>) -> Result<Script, Failure> {
    let script = match &request.params.script {
        Some(text) => given(request, text)?,
        None => uploaded(request)?,
    };
    let params = &request.params.params;
    match request.input(PARAMS) {
        None => Ok(script.params(params)),
        Some(_) if params.is_empty() => Ok(script),
        Some(_) => Err(Failure::invalid("/params", "both `params` and an uploaded `params.json` are given")),
    }
}

fn given(request: &Request<Params>, text: &str) -> Result<Script, Failure> {
    if request.input(MAIN).is_some() {
        return Err(Failure::invalid("/script", "both `script` and an uploaded `main.m` are given"));
    }
    Ok(starting(MAIN).text(MAIN, text))
}

fn uploaded(request: &Request<Params>) -> Result<Script, Failure> {
    let entry = &request.params.entry;
    if request.input(entry).is_none() {
        let message = format!("no uploaded file has the path `{entry}`, and no `script` is given");
        return Err(Failure::invalid("/entry", message));
    }
    Ok(starting(entry))
}

fn starting(entry: &str) -> Script {
    octave::started_by(CALL, ".simulay/start.m", START).text(ENTRY, entry)
}
