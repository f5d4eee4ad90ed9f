//! `simulay gc`: lets go of what the settings do not keep.

use std::path::Path;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use serde_json::json;
use simulay_engine::{Collected, RetentionRules, collect};

use super::options::LocalOptions;
use crate::compose::{self, DataDirectory};
use crate::configuration::Settings;
use crate::terminal::{print_json, say};

/// Deletes what `[retention]` no longer keeps, blobs that nothing shows, and containers of commands that
/// were killed. A server does so by itself every hour.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Only tells what would go; works beside a server too.
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    local: LocalOptions,
}

/// Collects, or tells what would be collected.
pub(crate) async fn execute(arguments: Arguments, json: bool) -> anyhow::Result<ExitCode> {
    let settings = Settings::load(&arguments.local.flags())?;
    let (data, rules) = (settings.data()?, compose::retention(&settings));
    let collected = if arguments.dry_run { look(&data, &rules).await? } else { clean(&data, &rules).await? };
    if !arguments.dry_run {
        // Docker may be absent: what is in the data directory has gone all the same.
        let _ = compose::remove_orphans(&settings).await;
    }
    tell(&collected, arguments.dry_run, json)?;
    Ok(ExitCode::SUCCESS)
}

/// What would go, found out on a copy of the records.
async fn look(data: &Path, rules: &RetentionRules) -> anyhow::Result<Collected> {
    Ok(collect(&DataDirectory::snapshot(data)?.kept(), rules, true).await?)
}

async fn clean(data: &Path, rules: &RetentionRules) -> anyhow::Result<Collected> {
    let opened = DataDirectory::open(data).context(
        "the data directory cannot be cleaned; a server that works in it does so by itself, and \
         `--dry-run` tells what would go",
    )?;
    Ok(collect(&opened.kept(), rules, false).await?)
}

fn tell(collected: &Collected, dry: bool, json: bool) -> anyhow::Result<()> {
    let Collected { runs, files, blobs, bytes, left } = collected;
    if json {
        let told = json!({
            "dry_run": dry, "runs": runs, "files": files, "blobs": blobs, "bytes": bytes, "bytes_left": left,
        });
        return Ok(print_json(&told)?);
    }
    let went = if dry { "would go" } else { "went" };
    say(&format!(
        "{runs} runs, {files} logs and outputs of other runs, {blobs} blobs of {bytes} bytes {went}"
    ))?;
    Ok(say(&format!("{left} bytes of blobs are left"))?)
}
