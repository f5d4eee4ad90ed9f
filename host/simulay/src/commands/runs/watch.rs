//! `simulay runs watch`.

use std::process::ExitCode;

use simulay_api::wire::{Run, RunState};
use simulay_model::RunId;

use crate::client::{Client, read};
use crate::fault::FAILED;
use crate::render;
use crate::terminal::{Progress, print, print_json_line};

/// Follows a run to its end: with `json` a line per event, else progress and then the outcome.
pub(super) async fn execute(client: &Client, id: RunId, json: bool) -> anyhow::Result<ExitCode> {
    let mut progress = Progress::new(json);
    client
        .watch(id, 0, |told| {
            match told.event() {
                Some(event) => progress.event(&event),
                None => progress.tell(&told.kind),
            }
            if json { Ok(print_json_line(&told.document)?) } else { Ok(()) }
        })
        .await?;
    let run: Run = read(&client.run(id).await?)?;
    if !json {
        print(&render::ending(&run))?;
    }
    Ok(exit_code(&run))
}

/// Success for a run that succeeded.
pub(super) fn exit_code(run: &Run) -> ExitCode {
    if run.state == RunState::Succeeded { ExitCode::SUCCESS } else { ExitCode::from(FAILED) }
}
