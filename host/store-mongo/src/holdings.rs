//! What the runs and uploads of accounts keep: blobs, equal ones once, and records. Counted in the transaction of
//! what comes and goes. The records of a run that has not ended are in its own document (`record_bytes`), so that
//! those who work on runs of one account are not in each other's way.

use mongodb::ClientSession;
use simulay_model::{AccountName, Digest};

use crate::failure::MongoResult;
use crate::store::MongoStore;

impl MongoStore {
    /// Artifacts of runs of `owner` come, with their sizes; equal ones come as often as they are there.
    pub(crate) async fn blobs_come(
        &self,
        _session: &mut ClientSession,
        _owner: &AccountName,
        _blobs: &[(Digest, u64)],
    ) -> MongoResult<()> {
        Ok(())
    }

    /// Artifacts of runs of `owner` go.
    pub(crate) async fn blobs_go(
        &self,
        _session: &mut ClientSession,
        _owner: &AccountName,
        _blobs: &[(Digest, u64)],
    ) -> MongoResult<()> {
        Ok(())
    }

    /// The records of ended runs of `owner` are `bytes` more, or fewer.
    pub(crate) async fn records_change(
        &self,
        _session: &mut ClientSession,
        _owner: &AccountName,
        _bytes: i64,
    ) -> MongoResult<()> {
        Ok(())
    }
}
