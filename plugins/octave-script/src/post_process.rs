//! What the program left becomes the report.

use serde_json::Value;
use simulay_sdk::{CallResult, Failure, Next, Report, Results, StoredFile};

use crate::outcome::Outcome;
use crate::pre_process::CALL;

const RESULT: &str = "result.json";

pub(crate) fn post_process(results: &Results) -> Result<Next<Outcome>, Failure> {
    let program = results.call(CALL)?;
    let outcome = Outcome {
        result: written(&program)?,
        files: program.files().map(|file| file.path.clone()).collect(),
        figures: program.files().filter(is_figure).map(|file| file.path.clone()).collect(),
        stdout: program.stdout().to_owned(),
    };
    Ok(program.files().fold(Report::new(outcome), Report::keep).into())
}

/// What the program wrote to `result.json`, null without one.
fn written(program: &CallResult) -> Result<Value, Failure> {
    match program.files().find(|file| file.path == RESULT) {
        Some(file) => file.json(),
        None => Ok(Value::Null),
    }
}

fn is_figure(file: &StoredFile) -> bool {
    let name = file.path.to_ascii_lowercase();
    [".png", ".svg", ".jpg", ".jpeg"].iter().any(|ending| name.ends_with(ending))
}
