//! `simulay migrate`: all that a data directory holds, moved to the services of a cluster, or back.

use std::collections::BTreeMap;
use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use indicatif::ProgressBar;
use serde_json::json;
use simulay_store::transfer::Kind;

use super::options::LocalOptions;
use crate::compose::{End, Moved, migrate};
use crate::configuration::{Secret, Settings};
use crate::fault::FAILED;
use crate::terminal::{print_json, say, size};

/// The word for the cluster of the settings.
const CLUSTER: &str = "cluster";

/// Moves accounts, plugins, runs with all they left, and the audit log. Nothing at the source is changed, and nobody may work
/// there meanwhile. What broke off goes on when it is asked for again.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// A data directory, `mongodb://…` with the name of a database, or `cluster`: the one of the settings, whose
    /// password is then in no list of processes.
    #[arg(long, value_name = "PLACE")]
    from: String,
    /// The same; empty, or begun to be filled from there.
    #[arg(long, value_name = "PLACE")]
    to: String,
    #[command(flatten)]
    local: LocalOptions,
}

/// Moves, and tells how much.
pub(crate) async fn execute(arguments: Arguments, json: bool) -> anyhow::Result<ExitCode> {
    let settings = Settings::load(&arguments.local.flags())?;
    let (from, to) = (end(&arguments.from, &settings)?, end(&arguments.to, &settings)?);
    let bar =
        if std::io::stderr().is_terminal() { ProgressBar::new_spinner() } else { ProgressBar::hidden() };
    let moved = migrate(&from, &to, |moved| {
        bar.set_message(format!("{} blobs, {}", moved.blobs, size(moved.bytes)));
    });
    let moved = moved.await?;
    bar.finish_and_clear();
    tell(&moved, json)?;
    Ok(if moved.damaged.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(FAILED) })
}

fn end(place: &str, settings: &Settings) -> anyhow::Result<End> {
    Ok(match place {
        CLUSTER => End::Cluster(settings.cluster.mongodb()?),
        place if place.starts_with("mongodb://") || place.starts_with("mongodb+srv://") => {
            End::Cluster(Secret::from(place.to_owned()))
        }
        place => End::Directory(PathBuf::from(place)),
    })
}

fn tell(moved: &Moved, json: bool) -> anyhow::Result<()> {
    let Moved { blobs, bytes, damaged, records } = moved;
    let named = |(kind, count): (&Kind, &u64)| (format!("{kind:?}").to_lowercase(), *count);
    let records: BTreeMap<String, u64> = records.iter().map(named).collect();
    if json {
        let told = json!({ "blobs": blobs, "bytes": bytes, "damaged": damaged, "records": records });
        return Ok(print_json(&told)?);
    }
    say(&format!("{blobs} blobs of {} are there", size(*bytes)))?;
    for (kind, count) in records {
        say(&format!("{count} of kind {kind}, each equal when read back"))?;
    }
    damaged.iter().try_for_each(|blob| Ok(say(&format!("damaged or missing at the source: {blob}"))?))
}
