//! Whether a log is what was recorded.

use std::fs::File;
use std::io::{BufRead, BufReader, Read as _};
use std::path::Path;

use anyhow::{Context as _, anyhow};
use serde_json::json;
use simulay_model::{AuditChain, AuditFault, AuditHead, AuditRecord};

use super::every;
use crate::compose::AuditLogOf;
use crate::terminal::{print_json, say};

/// Bytes of the longest line of an exported log; no record has as many.
const MAX_LINE: u64 = 64 << 10;

/// Verifies the log of a server; gives its head.
pub(super) async fn log(log: &AuditLogOf, expected: Option<AuditHead>) -> anyhow::Result<Option<AuditHead>> {
    let mut chain = AuditChain::new(expected);
    every(log, |record| chain.take(record).map_err(bad)).await?;
    chain.finish().map_err(bad)
}

/// Verifies an exported log; gives its head.
pub(super) fn file(file: &Path, expected: Option<AuditHead>) -> anyhow::Result<Option<AuditHead>> {
    let unreadable = || format!("{} cannot be read", file.display());
    let mut lines = BufReader::new(File::open(file).with_context(unreadable)?);
    let mut chain = AuditChain::new(expected);
    while let Some(line) = next_line(&mut lines).with_context(unreadable)? {
        let record: AuditRecord = serde_json::from_slice(&line).map_err(|error| {
            anyhow!("the audit log is not what was recorded: record {} is none: {error}", chain.next())
        })?;
        chain.take(&record).map_err(bad)?;
    }
    chain.finish().map_err(bad)
}

/// The next line, or as much of it as a record may have.
fn next_line(lines: &mut impl BufRead) -> std::io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    let read = lines.take(MAX_LINE).read_until(b'\n', &mut line)?;
    Ok((read > 0).then_some(line))
}

fn bad(fault: AuditFault) -> anyhow::Error {
    anyhow!("the audit log is not what was recorded: {fault}")
}

/// Says how many records there are and what the last one is.
pub(super) fn tell(head: Option<&AuditHead>, json: bool) -> anyhow::Result<()> {
    let (records, head) = (head.map_or(0, |head| head.sequence), head.map(AuditHead::to_string));
    if json {
        return Ok(print_json(&json!({ "records": records, "head": head }))?);
    }
    say(&format!("{records} records, each as it was recorded"))?;
    match head {
        Some(head) => Ok(say(&format!("head: {head}"))?),
        None => Ok(()),
    }
}
