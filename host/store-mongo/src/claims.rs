//! Which runs may be leased. They are looked for flow by flow, each by a seek in an index that has the runs that have
//! not ended alone: how many wait of a flow does not matter.

use futures_util::TryStreamExt as _;
use mongodb::bson::{Document, doc};
use simulay_store::ClaimableRun;

use crate::failure::MongoResult;
use crate::fields::text;
use crate::leases::unheld;
use crate::rows;
use crate::runs::sound;
use crate::schema::RUNS;
use crate::store::MongoStore;

/// The runs of one pipeline of one owner.
struct Flow {
    owner: String,
    pipeline: String,
}

impl MongoStore {
    pub(crate) async fn claims(&self, per_flow: usize) -> MongoResult<Vec<ClaimableRun>> {
        let (mut claimable, mut flow) = (Vec::new(), None);
        while let Some(next) = self.next_flow(flow.as_ref()).await? {
            for cancel_requested in [false, true] {
                claimable.extend(self.of_flow(&next, cancel_requested, per_flow).await?);
            }
            flow = Some(next);
        }
        claimable.sort_unstable_by_key(|claimable| claimable.run.id);
        Ok(claimable)
    }

    /// The first flow after another: of its owner, else of the next.
    async fn next_flow(&self, after: Option<&Flow>) -> MongoResult<Option<Flow>> {
        let Some(Flow { owner, pipeline }) = after else {
            return self.first_flow(doc! { "unfinished": true }).await;
        };
        let of_owner = doc! { "unfinished": true, "owner": owner, "pipeline": { "$gt": pipeline } };
        match self.first_flow(of_owner).await? {
            None => self.first_flow(doc! { "unfinished": true, "owner": { "$gt": owner } }).await,
            next => Ok(next),
        }
    }

    async fn first_flow(&self, of: Document) -> MongoResult<Option<Flow>> {
        let (runs, by_flow) = (self.documents(RUNS), doc! { "owner": 1, "pipeline": 1 });
        let found = runs.find_one(of).sort(by_flow).projection(doc! { "owner": 1, "pipeline": 1 }).await?;
        let flow = |run: Document| {
            let told = |field| text(&run, field).map(str::to_owned);
            Ok(Flow { owner: told("owner")?, pipeline: told("pipeline")? })
        };
        found.map(flow).transpose()
    }

    /// The oldest runs of a flow that nobody holds.
    async fn of_flow(
        &self,
        Flow { owner, pipeline }: &Flow,
        cancel_requested: bool,
        most: usize,
    ) -> MongoResult<Vec<ClaimableRun>> {
        let mut free = unheld(self.moment.expression());
        free.extend(doc! { "owner": owner, "pipeline": pipeline, "cancel_requested": cancel_requested });
        let runs = self.documents(RUNS);
        let found = runs.find(free).projection(rows::claimable_fields()).sort(doc! { "_id": 1 });
        let found = found.limit(i64::try_from(most).unwrap_or(i64::MAX).max(1)).await?;
        let found: Vec<Document> = found.try_collect().await?;
        Ok(found.iter().filter_map(|run| sound(run, rows::claimable)).collect())
    }
}
