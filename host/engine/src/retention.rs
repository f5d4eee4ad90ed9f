//! What is kept no longer: runs, what their calls left, and the blobs that nobody shows any more.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use simulay_blobs::{BlobInventory, StoredBlob};
use simulay_model::{AccountName, Clock, Digest, OwnerFilter, RunId};
use simulay_store::{Left, Requests, Retention, Space, Uploads};

use crate::{EngineError, repeat};

const BATCH: u32 = 100;
/// Blobs asked about at once.
const CHUNK: usize = 1000;
/// How long a blob that nobody shows yet is waited for, when nothing else is said.
const UNUSED: Duration = Duration::from_secs(24 * 3600);

/// How long things are kept. What is not set is kept for good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetentionRules {
    /// Ended runs, with all they left.
    pub runs: Option<Duration>,
    /// What the calls of ended runs printed.
    pub logs: Option<Duration>,
    /// Files the calls of ended runs left. What was kept with the report stays.
    pub outputs: Option<Duration>,
    /// Bytes that ended runs alone keep, blobs and records; above, runs go of whichever account has most in its
    /// ended runs, from the one that ended first.
    pub max_bytes: Option<u64>,
    /// Uploads that no run used, and what else nobody shows. Only looked for when one of the
    /// others is set.
    pub unused: Duration,
}

impl Default for RetentionRules {
    fn default() -> Self {
        Self { runs: None, logs: None, outputs: None, max_bytes: None, unused: UNUSED }
    }
}

impl RetentionRules {
    /// True when nothing ever goes.
    #[must_use]
    pub const fn keep_all(&self) -> bool {
        self.runs.is_none() && self.logs.is_none() && self.outputs.is_none() && self.max_bytes.is_none()
    }
}

/// Where things are kept.
#[derive(Clone)]
pub struct RetentionPorts {
    /// Records.
    pub records: Arc<dyn Retention>,
    /// Requests that may come again.
    pub requests: Arc<dyn Requests>,
    /// Who uploaded what.
    pub uploads: Arc<dyn Uploads>,
    /// Which blobs there are.
    pub inventory: Arc<dyn BlobInventory>,
    /// How much room is left for records.
    pub space: Arc<dyn Space>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
}

impl RetentionPorts {
    /// What is kept in `records`, and the blobs of `inventory`.
    #[must_use]
    pub fn over<R>(records: Arc<R>, inventory: Arc<dyn BlobInventory>, clock: Arc<dyn Clock>) -> Self
    where
        R: Retention + Requests + Uploads + Space + 'static,
    {
        Self {
            records: records.clone(),
            requests: records.clone(),
            uploads: records.clone(),
            inventory,
            space: records,
            clock,
        }
    }
}

/// What went.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Collected {
    /// Runs.
    pub runs: u64,
    /// Logs and outputs of runs that stay.
    pub files: u64,
    /// Blobs.
    pub blobs: u64,
    /// Bytes of these.
    pub bytes: u64,
    /// Bytes of the blobs that are left.
    pub left: u64,
}

/// Lets everything go that the rules do not keep. Records go first: a blob that still lies there
/// while nobody shows it does no harm. With `dry`, blobs stay and are only counted.
///
/// # Errors
/// When the store does not answer; what went until then has gone.
pub async fn collect(
    kept: &RetentionPorts,
    rules: &RetentionRules,
    dry: bool,
) -> Result<Collected, EngineError> {
    repeat::forget(&*kept.requests).await?;
    let mut collected = Collected::default();
    if let Some(age) = rules.runs {
        collected.runs += delete_old(kept, age).await?;
    }
    for (left, age) in [(Left::Logs, rules.logs), (Left::Outputs, rules.outputs)] {
        if let Some(age) = age {
            collected.files += kept.records.let_go(left, age).await? as u64;
        }
    }
    if let Some(most) = rules.max_bytes {
        collected.runs += delete_beyond(kept, most).await?;
    }
    let left = collected.sweep(kept, rules.unused, dry).await?;
    if !dry {
        forget_uploads(kept, &left, rules.unused).await?;
    }
    Ok(collected)
}

impl Collected {
    /// Removes the blobs that nobody shows and nobody touched for `unused`, and tells which are left.
    async fn sweep(
        &mut self,
        kept: &RetentionPorts,
        unused: Duration,
        dry: bool,
    ) -> Result<Vec<Digest>, EngineError> {
        let (all, mut left) = (kept.inventory.list().await?, Vec::new());
        for chunk in all.chunks(CHUNK) {
            let shown = kept.records.shown(chunk.iter().map(|stored| stored.blob).collect()).await?;
            for stored in chunk {
                let goes = !shown.contains(&stored.blob) && goes(kept, stored, unused, dry).await?;
                self.count(stored.size, goes);
                if !goes {
                    left.push(stored.blob);
                }
            }
        }
        Ok(left)
    }

    const fn count(&mut self, size: u64, goes: bool) {
        if goes {
            self.blobs += 1;
            self.bytes += size;
        } else {
            self.left += size;
        }
    }
}

/// Forgets who uploaded bytes that are not among those `left`. What was uploaded a moment ago is remembered: its
/// bytes may have come after the look.
async fn forget_uploads(kept: &RetentionPorts, left: &[Digest], unused: Duration) -> Result<(), EngineError> {
    let mut gone = kept.uploads.older(unused).await?;
    for blob in left {
        gone.remove(blob);
    }
    let gone: Vec<_> = gone.into_iter().collect();
    for chunk in gone.chunks(CHUNK) {
        kept.uploads.forget_uploads(chunk.to_vec(), unused).await?;
    }
    Ok(())
}

async fn goes(
    kept: &RetentionPorts,
    stored: &StoredBlob,
    unused: Duration,
    dry: bool,
) -> Result<bool, EngineError> {
    if dry || stored.age < unused {
        return Ok(stored.age >= unused);
    }
    Ok(kept.inventory.remove(stored.blob, unused).await?)
}

async fn delete_old(kept: &RetentionPorts, age: Duration) -> Result<u64, EngineError> {
    let mut deleted = 0;
    loop {
        let runs = kept.records.ended(&OwnerFilter::Any, age, BATCH).await?;
        if runs.is_empty() {
            return Ok(deleted);
        }
        for run in runs {
            delete(kept, run, "its time was over").await?;
            deleted += 1;
        }
    }
}

/// Deletes runs until what only those that are left keep has at most `most` bytes. What others keep as
/// well does not count: deleting runs would not free it. Whoever has most gives first, so that nobody loses what is
/// his to the runs of another.
async fn delete_beyond(kept: &RetentionPorts, most: u64) -> Result<u64, EngineError> {
    let (mut deleted, mut bytes) = (0, kept.records.freeable().await?);
    if bytes <= most {
        return Ok(deleted);
    }
    let mut of_accounts = kept.records.deletable_bytes().await?;
    while bytes > most {
        let Some(account) = with_most(&of_accounts) else { break };
        let owner = OwnerFilter::Only(account.clone());
        let Some(run) = kept.records.ended(&owner, Duration::ZERO, 1).await?.pop() else {
            of_accounts.remove(&account);
            continue;
        };
        let own = kept.records.own_bytes(run).await?;
        bytes = bytes.saturating_sub(own);
        of_accounts.entry(account).and_modify(|left| *left = left.saturating_sub(own));
        delete(kept, run, "its room was needed").await?;
        deleted += 1;
    }
    Ok(deleted)
}

fn with_most(of_accounts: &BTreeMap<AccountName, u64>) -> Option<AccountName> {
    of_accounts.iter().max_by_key(|(_, bytes)| **bytes).map(|(account, _)| account.clone())
}

async fn delete(kept: &RetentionPorts, run: RunId, why: &str) -> Result<(), EngineError> {
    tracing::info!(%run, why, "a run is deleted");
    Ok(kept.records.delete(run, kept.clock.now(), why).await?)
}
