//! Runs the command that builds a project.

use std::io;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use tokio::process::{Child, Command};
use tokio_util::sync::CancellationToken;

use crate::project::Project;
use crate::terminal::say;

/// What a command asked to end may take for it.
const GRACE: Duration = Duration::from_secs(5);

/// Builds the project, with the tools' own words shown; false when that failed or `cut` came first.
pub(super) async fn build(project: &Project, cut: &CancellationToken, json: bool) -> anyhow::Result<bool> {
    let (program, arguments) = project.build();
    let begun = Instant::now();
    let mut command = Command::new(program);
    command.args(arguments).current_dir(project.root()).stdin(Stdio::null()).kill_on_drop(true);
    // A group of its own: what the command starts ends with it.
    command.process_group(0);
    if json {
        // Standard output is for documents.
        command.stdout(io::stderr());
    } else {
        say(&format!("building: {program} {}", arguments.join(" ")))?;
    }
    let mut child = command.spawn().with_context(|| format!("build.command: `{program}` cannot be run"))?;
    let status = tokio::select! {
        status = child.wait() => status?,
        () = cut.cancelled() => { end(&mut child).await; return Ok(false) }
    };
    if !json {
        let word = if status.success() { "built" } else { "the build failed" };
        say(&format!("{word} after {:.1} s ({status})", begun.elapsed().as_secs_f64()))?;
    }
    Ok(status.success())
}

/// Asks the group to end, then ends it.
async fn end(child: &mut Child) {
    let group = child.id().and_then(|id| i32::try_from(id).ok()).map(Pid::from_raw);
    for signal in [Signal::SIGTERM, Signal::SIGKILL] {
        // A group that has ended needs no signal.
        let _ = group.map(|group| killpg(group, signal));
        if tokio::time::timeout(GRACE, child.wait()).await.is_ok() {
            return;
        }
    }
}
