//! What the program left becomes the report.

use simulay_sdk::{CallResult, Failure, Next, Report, Results, StoredFile};

use crate::outcome::{LeftOut, Outcome};
use crate::pre_process::CALL;
use crate::written::{self, Written};

const RESULT: &str = "result.json";
const FIGURES: &[&str] = &[".png", ".svg", ".jpg", ".jpeg", ".gif", ".webp", ".pdf", ".eps", ".tif", ".tiff"];

pub(crate) fn post_process(results: &Results) -> Result<Next<Outcome>, Failure> {
    let program = results.call(CALL)?;
    let Written { value, left_out: result_left_out } = result(&program)?;
    let outcome = Outcome {
        result: value,
        result_left_out,
        files: program.files().map(|file| file.path.clone()).collect(),
        figures: program.files().filter(is_figure).map(|file| file.path.clone()).collect(),
        left_out: left_out(&program),
        left_out_more: program.left_out_more(),
        stdout: program.stdout().to_owned(),
    };
    Ok(program.files().fold(Report::new(outcome), Report::keep).into())
}

/// What the program wrote to `result.json`, null without one.
fn result(program: &CallResult) -> Result<Written, Failure> {
    match program.files().find(|file| file.path == RESULT) {
        Some(file) => written::read(&file),
        None => Ok(Written::default()),
    }
}

fn left_out(program: &CallResult) -> Vec<LeftOut> {
    let told = program.left_out().iter();
    told.map(|file| LeftOut { path: file.path.clone(), reason: file.reason.clone() }).collect()
}

fn is_figure(file: &StoredFile) -> bool {
    let name = file.path.to_ascii_lowercase();
    FIGURES.iter().any(|ending| name.ends_with(ending))
}
