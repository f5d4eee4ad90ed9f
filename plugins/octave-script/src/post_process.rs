//! What the program left becomes the report.

use simulay_sdk::{CallResult, Failure, Next, Report, Results, StoredFile};

use crate::listed::listed;
use crate::outcome::{LeftOut, Outcome};
use crate::pre_process::{CALL, Started};
use crate::written::{self, Written};

const RESULT: &str = "result.json";
const FIGURES: &[&str] = &[".png", ".svg", ".jpg", ".jpeg", ".gif", ".webp", ".pdf", ".eps", ".tif", ".tiff"];

pub(crate) fn post_process(started: Started, results: &Results) -> Result<Next<Outcome, Started>, Failure> {
    let program = results.call(CALL)?;
    check_done(started, &program)?;
    let Written { value, left_out: result_left_out } = result(&program)?;
    let (files, files_more) = listed(program.files().map(|file| file.path.clone()));
    let (figures, figures_more) = listed(program.files().filter(is_figure).map(|file| file.path.clone()));
    let (left_out, unlisted) = listed(left_out(&program));
    let outcome = Outcome {
        result: value,
        result_left_out,
        files,
        files_more,
        figures,
        figures_more,
        left_out,
        left_out_more: program.left_out_more() + unlisted,
        stdout: program.stdout().to_owned(),
    };
    Ok(program.files().fold(Report::new(outcome), Report::keep).into())
}

/// A program of which only Octave could tell what it is must not seem to have run when it did nothing.
fn check_done(started: Started, program: &CallResult) -> Result<(), Failure> {
    let nothing = program.files().next().is_none() && program.left_out().is_empty();
    if started.unclear && nothing && program.stdout().trim().is_empty() {
        return Err(Failure::simulation(
            "the program printed nothing and wrote no file: a block or bracket in its start file seems to have \
             no end, so it was run as `octave-cli FILE` does it, which may have called nothing",
        ));
    }
    Ok(())
}

/// What the program wrote to `result.json`, null without one.
fn result(program: &CallResult) -> Result<Written, Failure> {
    match program.files().find(|file| file.path == RESULT) {
        Some(file) => written::read(&file),
        None => Ok(Written::default()),
    }
}

fn left_out(program: &CallResult) -> impl Iterator<Item = LeftOut> {
    let told = program.left_out().iter();
    told.map(|file| LeftOut { path: file.path.clone(), reason: file.reason.clone() })
}

fn is_figure(file: &StoredFile) -> bool {
    let name = file.path.to_ascii_lowercase();
    FIGURES.iter().any(|ending| name.ends_with(ending))
}
