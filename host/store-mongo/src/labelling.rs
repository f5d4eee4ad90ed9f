//! Gives each entry of a journal the run that it is of, which the first version did not tell in a field of its own. It goes
//! from run to run in the order of their ids, so that what broke off goes on, and hosts that do it side by side do no harm:
//! nobody waits for it, since whoever reads finds an entry either way.

use mongodb::bson::{Bson, Document, doc};

use crate::entries::{beginning, run_of};
use crate::failure::{Failure, MongoResult, bounded};
use crate::fields::{flag, text};
use crate::schema::{ASCENDING, FACTS, JOURNAL};
use crate::store::MongoStore;

/// The fact that tells how far it got.
const LABELLED: &str = "journal_runs";
/// Runs after which that is told.
const BATCH: usize = 100;

impl MongoStore {
    /// Labels all that is not labelled yet; nothing once that was done.
    pub(crate) async fn label(&self) -> MongoResult<()> {
        let Some(mut last) = self.labelled().await? else { return Ok(()) };
        loop {
            for _ in 0..BATCH {
                let Some(run) = self.run_after(&last).await? else {
                    return self.tell_labelled(doc! { "$set": { "done": true } }).await;
                };
                self.label_run(&run).await?;
                last = run;
            }
            self.tell_labelled(doc! { "$max": { "last": &last } }).await?;
        }
    }

    /// The last run that was labelled, none before the first; nothing when all are.
    async fn labelled(&self) -> MongoResult<Option<String>> {
        let facts = self.documents(FACTS);
        let fact = bounded(facts.find_one(doc! { "_id": LABELLED })).await.map_err(Failure::from)?;
        match fact {
            None => Ok(Some(String::new())),
            Some(fact) if flag(&fact, "done")? => Ok(None),
            Some(fact) => Ok(Some(text(&fact, "last")?.to_owned())),
        }
    }

    async fn tell_labelled(&self, told: Document) -> MongoResult<()> {
        let facts = self.documents(FACTS);
        bounded(facts.update_one(doc! { "_id": LABELLED }, told).upsert(true))
            .await
            .map_err(Failure::from)?;
        Ok(())
    }

    /// The run that follows in the journal.
    async fn run_after(&self, last: &str) -> MongoResult<Option<String>> {
        let journal = self.documents(JOURNAL);
        let later = doc! { "_id": { "$gt": format!("{last}/~") } };
        let next = journal.find_one(later).sort(doc! { "_id": ASCENDING }).projection(doc! { "_id": 1 });
        let next = bounded(next).await.map_err(Failure::from)?;
        next.map(|entry| Ok(run_of(text(&entry, "_id")?).to_owned())).transpose()
    }

    async fn label_run(&self, run: &str) -> MongoResult<()> {
        let mut unlabelled = beginning(&format!("{run}/"));
        unlabelled.insert("run", Bson::Null);
        let journal = self.documents(JOURNAL);
        let labelled = journal.update_many(unlabelled, doc! { "$set": { "run": run } });
        bounded(labelled).await.map_err(Failure::from)?;
        Ok(())
    }
}
