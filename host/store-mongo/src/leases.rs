//! Who works on a run: one holder at a time, known by the fence that each of his writes carries. The lease is part
//! of the run's document, and ends by the server's clock.

use std::time::Duration;

use mongodb::bson::{Bson, Document, doc};
use mongodb::options::ReturnDocument;
use simulay_model::RunId;
use simulay_store::{Lease, Renewed, StoreError};

use crate::failure::MongoResult;
use crate::fields::{damaged, flag, number, signed};
use crate::observed::millis;
use crate::schema::RUNS;
use crate::store::MongoStore;

/// Of runs, those that nobody holds at the moment.
pub(crate) fn unheld(now: Bson) -> Document {
    doc! { "unfinished": true, "$expr": over(now) }
}

/// Of runs, those that `holder` may lease: nobody else holds them at the moment. Whoever a holder was before, he is
/// no more: his own lease does not hold him up.
fn free_for(holder: &str, now: Bson) -> Document {
    let own = doc! { "$eq": ["$lease.holder", { "$literal": holder }] };
    doc! { "unfinished": true, "$expr": { "$or": [over(now), own] } }
}

/// True when a lease has ended. One that is not there comes before every moment.
fn over(now: Bson) -> Document {
    doc! { "$lte": ["$lease.until_ms", now] }
}

impl MongoStore {
    pub(crate) async fn acquire(
        &self,
        run: RunId,
        holder: &str,
        time: Duration,
    ) -> MongoResult<Option<Lease>> {
        let mut free = free_for(holder, self.moment.expression());
        free.insert("_id", run.to_string());
        let lease = doc! {
            "holder": { "$literal": holder },
            "fence": { "$add": [{ "$ifNull": ["$lease.fence", 0_i64] }, 1_i64] },
            "until_ms": self.until(time),
            "worked_ms": { "$ifNull": ["$lease.worked_ms", 0_i64] },
        };
        let runs = self.documents(RUNS);
        let leased = runs.find_one_and_update(free, vec![doc! { "$set": { "lease": lease } }]);
        let leased = leased.return_document(ReturnDocument::After).projection(doc! { "lease": 1 }).await?;
        match leased {
            Some(run) => {
                let lease = run.get_document("lease").map_err(|error| damaged("lease", error))?;
                let active = Duration::from_millis(number(lease, "worked_ms")?);
                Ok(Some(Lease { fence: number(lease, "fence")?, active }))
            }
            None if self.has_ended(run).await? => Err(StoreError::Ended.into()),
            None => Ok(None),
        }
    }

    pub(crate) async fn renew(&self, run: RunId, lease: Lease, time: Duration) -> MongoResult<Renewed> {
        let held = doc! { "_id": run.to_string(), "lease.fence": signed(lease.fence)? };
        let kept = doc! { "lease.until_ms": self.until(time), "lease.worked_ms": millis(lease.active) };
        let runs = self.documents(RUNS);
        let renewed = runs.find_one_and_update(held, vec![doc! { "$set": kept }]);
        match renewed.projection(doc! { "cancel_requested": 1 }).await? {
            Some(run) => Ok(Renewed { cancel_requested: flag(&run, "cancel_requested")? }),
            // A run gives its lease back when it ends.
            None if self.has_ended(run).await? => Err(StoreError::Ended.into()),
            None => Err(StoreError::Fenced.into()),
        }
    }

    /// The moment after `time`.
    fn until(&self, time: Duration) -> Document {
        doc! { "$add": [self.moment.expression(), millis(time)] }
    }

    async fn has_ended(&self, run: RunId) -> MongoResult<bool> {
        let runs = self.documents(RUNS);
        let found =
            runs.find_one(doc! { "_id": run.to_string() }).projection(doc! { "unfinished": 1 }).await?;
        Ok(!flag(&found.ok_or(StoreError::NotFound)?, "unfinished")?)
    }
}
