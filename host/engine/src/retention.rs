//! What is kept no longer: runs, what their calls left, and the blobs that nobody shows any more.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use simulay_blobs::{BlobInventory, StoredBlob};
use simulay_model::{AccountName, Chain, Clock, Digest, OwnerFilter, RunId};
use simulay_store::{Left, Requests, Retention, Space, StoreError, Uploads};

use crate::{EngineError, repeat};

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
        kept.records.forget_sweeps(age).await?;
    }
    for (left, age) in [(Left::Logs, rules.logs), (Left::Outputs, rules.outputs)] {
        if let Some(age) = age {
            collected.files += kept.records.let_go(left, age).await? as u64;
        }
    }
    let beyond = match rules.max_bytes {
        Some(most) => delete_beyond(kept, most).await,
        None => Ok(0),
    };
    // Blobs go in any case: room is needed.
    let left = collected.sweep(kept, rules.unused, dry).await?;
    if !dry {
        forget_uploads(kept, &left, rules.unused).await?;
    }
    collected.runs += beyond?;
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

/// Runs on their way out. Other hosts may delete the same, and one that cannot be deleted is in nobody's way.
struct Deleting<'a> {
    kept: &'a RetentionPorts,
    deleted: u64,
    failed: HashSet<RunId>,
}

impl<'a> Deleting<'a> {
    fn new(kept: &'a RetentionPorts) -> Self {
        Self { kept, deleted: 0, failed: HashSet::new() }
    }

    /// The run that ended first, of those that may go.
    async fn next(&self, owner: &OwnerFilter, age: Duration) -> Result<Option<RunId>, EngineError> {
        let most = u32::try_from(self.failed.len()).unwrap_or(u32::MAX).saturating_add(1);
        let ended = self.kept.records.ended(owner, age, most).await?;
        Ok(ended.into_iter().find(|run| !self.failed.contains(run)))
    }

    /// Deletes a run; false when that was not done, or another host was first.
    async fn delete(&mut self, run: RunId, why: &str) -> bool {
        match self.kept.records.delete(run, self.kept.clock.now(), why).await {
            Ok(()) => {
                tracing::info!(%run, why, "a run is deleted");
                self.deleted += 1;
                return true;
            }
            Err(StoreError::NotFound) => {}
            Err(error) => {
                tracing::warn!(%run, error = %Chain(&error), "a run is not deleted yet");
                self.failed.insert(run);
            }
        }
        false
    }
}

async fn delete_old(kept: &RetentionPorts, age: Duration) -> Result<u64, EngineError> {
    let mut deleting = Deleting::new(kept);
    while let Some(run) = deleting.next(&OwnerFilter::Any, age).await? {
        deleting.delete(run, "its time was over").await;
    }
    Ok(deleting.deleted)
}

/// Deletes runs until what only those that are left keep has at most `most` bytes. What others keep as
/// well does not count: deleting runs would not free it. Whoever has most gives first, so that nobody loses what is
/// his to the runs of another.
async fn delete_beyond(kept: &RetentionPorts, most: u64) -> Result<u64, EngineError> {
    let (mut deleting, mut bytes) = (Deleting::new(kept), kept.records.freeable().await?);
    if bytes <= most {
        return Ok(0);
    }
    let mut of_accounts = kept.records.deletable_bytes().await?;
    while bytes > most {
        let Some(account) = with_most(&of_accounts) else { break };
        let Some(run) = deleting.next(&OwnerFilter::Only(account.clone()), Duration::ZERO).await? else {
            of_accounts.remove(&account);
            continue;
        };
        let own = kept.records.own_bytes(run).await?;
        if deleting.delete(run, "its room was needed").await {
            bytes = bytes.saturating_sub(own);
            of_accounts.entry(account).and_modify(|left| *left = left.saturating_sub(own));
        } else {
            // Another host may be at it: what is left to free is looked up, not guessed.
            bytes = kept.records.freeable().await?;
        }
    }
    Ok(deleting.deleted)
}

fn with_most(of_accounts: &BTreeMap<AccountName, u64>) -> Option<AccountName> {
    of_accounts.iter().max_by_key(|(_, bytes)| **bytes).map(|(account, _)| account.clone())
}
