//! What the program left becomes the report.

use serde::Serialize;
use serde_json::Value;
use simulay_sdk::{Artifact, Artifacts, ContainerResult, Failure, Next, Report, read};

use crate::pre_process::CALL;

const RESULT: &str = "result.json";

#[derive(Serialize)]
struct Outcome<'a> {
    result: Value,
    files: Vec<&'a str>,
    figures: Vec<&'a str>,
    stdout: &'a str,
}

pub(crate) fn post_process(
    results: &[ContainerResult],
    artifacts: &dyn Artifacts,
) -> Result<Next<()>, Failure> {
    let result = read::result(results, CALL)?;
    let paths = |wanted: fn(&Artifact) -> bool| {
        result.outputs.iter().filter(|output| wanted(output)).map(|output| output.path.as_str()).collect()
    };
    let outcome = Outcome {
        result: written(result, artifacts)?,
        files: paths(|_| true),
        figures: paths(is_figure),
        stdout: &result.stdout,
    };
    let report = Report::new(&outcome)?;
    Ok(Next::Done(result.outputs.iter().fold(report, Report::keep)))
}

/// What the program wrote to `result.json`, null without one.
fn written(result: &ContainerResult, artifacts: &dyn Artifacts) -> Result<Value, Failure> {
    match result.outputs.iter().any(|output| output.path == RESULT) {
        true => read::json(artifacts, result, RESULT),
        false => Ok(Value::Null),
    }
}

fn is_figure(output: &Artifact) -> bool {
    let name = output.path.to_ascii_lowercase();
    [".png", ".svg", ".jpg", ".jpeg"].iter().any(|ending| name.ends_with(ending))
}
