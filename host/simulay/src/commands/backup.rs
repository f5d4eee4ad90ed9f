//! `simulay backup` and `simulay restore`: the data directory, copied while it is in use, and put back.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use serde_json::json;

use super::options::LocalOptions;
use crate::compose::{self, Copied, Identity};
use crate::configuration::Settings;
use crate::fault::FAILED;
use crate::instance;
use crate::terminal::{print_json, say};

/// Copies the data directory, also while a server works in it.
#[derive(Debug, Args)]
pub(crate) struct Backup {
    /// Where the copy goes: a directory that is empty or does not exist.
    #[arg(value_name = "DIR")]
    target: PathBuf,
    #[command(flatten)]
    local: LocalOptions,
}

/// Puts a copy back as the data directory, which must be empty or not exist.
#[derive(Debug, Args)]
pub(crate) struct Restore {
    /// The copy that `simulay backup` made.
    #[arg(value_name = "DIR")]
    copy: PathBuf,
    /// The host that was copied is gone for good: takes its place and its containers. Without it, what is
    /// put back is an instance of its own and leaves them alone.
    #[arg(long)]
    same_instance: bool,
    #[command(flatten)]
    local: LocalOptions,
}

/// Copies the data directory.
pub(crate) fn back_up(arguments: &Backup, json: bool) -> anyhow::Result<ExitCode> {
    let data = Settings::load(&arguments.local.flags())?.data()?;
    let copied = compose::back_up(&data, &arguments.target)?;
    tell(&copied, &format!("{} is copied to {}", data.display(), arguments.target.display()), json)
}

/// Puts a copy back.
pub(crate) fn restore(arguments: &Restore, json: bool) -> anyhow::Result<ExitCode> {
    let data = Settings::load(&arguments.local.flags())?.data()?;
    let identity = if arguments.same_instance { Identity::Kept } else { Identity::New };
    let copied = compose::restore(&arguments.copy, &data, identity)?;
    if arguments.same_instance {
        instance::replace(&data)?;
    }
    tell(&copied, &format!("{} is back in {}", arguments.copy.display(), data.display()), json)
}

/// Says what was copied; fails when something was not there to be copied.
fn tell(copied: &Copied, what: &str, json: bool) -> anyhow::Result<ExitCode> {
    let Copied { blobs, bytes, damaged } = copied;
    if json {
        print_json(&json!({ "blobs": blobs, "bytes": bytes, "damaged": damaged }))?;
    } else {
        say(&format!("{what}: {blobs} blobs, {bytes} bytes"))?;
        for blob in damaged {
            say(&format!("damaged or missing: {blob}"))?;
        }
    }
    Ok(if damaged.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(FAILED) })
}
