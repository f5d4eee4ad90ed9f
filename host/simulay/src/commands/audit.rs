//! `simulay audit`: what was done on a server, by whom and from where. Works on the data directory or a copy of it, or on
//! the records of a cluster, and writes nothing there.

mod verify;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand, ValueEnum};
use jiff::Timestamp;
use serde_json::json;
use simulay_model::{AccountName, AuditAction, AuditHead, AuditRecord};
use simulay_store::{AuditQuery, AuditStart};

use super::options::LocalOptions;
use crate::compose::AuditLogOf;
use crate::configuration::Settings;
use crate::terminal::{Table, print, print_json, print_json_line, say};

/// Records that are read at once.
const PAGE: u32 = 1000;

/// Lists, verifies and exports the audit log.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    what: What,
    #[command(flatten)]
    local: LocalOptions,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Lists the last records.
    List(List),
    /// Verifies that every record is what was recorded, and tells the head of the log.
    Verify {
        /// What an earlier verification told as the head: tells as well when the end was cut off.
        #[arg(long, value_name = "SEQUENCE:HASH")]
        expect: Option<AuditHead>,
        /// An exported log, instead of that in the data directory.
        #[arg(long, value_name = "FILE")]
        file: Option<PathBuf>,
    },
    /// Writes the whole log to standard output.
    Export {
        /// As what.
        #[arg(long, value_enum, default_value = "jsonl")]
        format: Format,
    },
}

#[derive(Debug, Args)]
struct List {
    /// Only what this account did.
    #[arg(long)]
    account: Option<AccountName>,
    /// Only this action, e.g. `denied` or `run_created`.
    #[arg(long)]
    action: Option<AuditAction>,
    /// Only from this day or time on, UTC, e.g. 2026-01-02 or 2026-01-02T03:04:05Z.
    #[arg(long, value_parser = moment, value_name = "TIME")]
    since: Option<Timestamp>,
    /// At most so many.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    limit: u32,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    /// A JSON document per line, whose hash is that of the line without it.
    Jsonl,
}

/// Does what is asked.
pub(crate) async fn execute(arguments: &Arguments, json: bool) -> anyhow::Result<ExitCode> {
    let open = async || AuditLogOf::server(&Settings::load(&arguments.local.flags())?).await;
    match &arguments.what {
        What::List(asked) => list(&open().await?, asked, json).await?,
        What::Verify { expect, file: Some(file) } => {
            verify::tell(verify::file(file, expect.clone())?.as_ref(), json)?;
        }
        What::Verify { expect, file: None } => {
            verify::tell(verify::log(&open().await?, expect.clone()).await?.as_ref(), json)?;
        }
        What::Export { format: Format::Jsonl } => {
            every(&open().await?, |record| Ok(print_json_line(record)?)).await?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Does `work` with every record, from the first.
async fn every(
    log: &AuditLogOf,
    mut work: impl FnMut(&AuditRecord) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let mut after = 0;
    loop {
        let page = log.page(AuditQuery::after(after, PAGE)).await?;
        page.iter().try_for_each(&mut work)?;
        match page.last() {
            Some(last) => after = last.sequence,
            None => return Ok(()),
        }
    }
}

async fn list(log: &AuditLogOf, asked: &List, json: bool) -> anyhow::Result<()> {
    let List { account, action, since, limit } = asked;
    let query = AuditQuery {
        start: AuditStart::Latest,
        limit: *limit,
        account: account.clone(),
        action: action.map(|action| action.to_string()),
        since: *since,
    };
    let records = log.page(query).await?;
    if json {
        return Ok(print_json(&json!({ "records": records }))?);
    }
    if records.is_empty() {
        return Ok(say("no records")?);
    }
    Ok(print(&table(&records).text())?)
}

fn table(records: &[AuditRecord]) -> Table {
    let mut table =
        Table::new(["RECORD", "TIME", "ACCOUNT", "ACTION", "SUBJECT", "RESULT", "FROM", "DETAIL"]);
    for record in records {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        table.row([
            &record.sequence.to_string(),
            &record.at,
            &text(&record.account),
            &record.action,
            &text(&record.subject),
            record.problem.as_ref().unwrap_or(&record.result),
            &record.via,
            &text(&record.detail),
        ]);
    }
    table
}

/// Reads a time, or a day for its beginning.
fn moment(text: &str) -> Result<Timestamp, String> {
    let day = |_| format!("{text}T00:00:00Z").parse();
    let rule =
        |_: jiff::Error| format!("`{text}` is no day or time, e.g. 2026-01-02 or 2026-01-02T03:04:05Z");
    text.parse().or_else(day).map_err(rule)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_its_beginning() {
        assert_eq!(moment("2026-01-02"), moment("2026-01-02T00:00:00Z"));
        assert_eq!(moment("2026-01-02T03:04:05+01:00"), moment("2026-01-02T02:04:05Z"));
        assert!(moment("yesterday").is_err());
    }
}
