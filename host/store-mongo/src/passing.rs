//! The document by which hosts share the time that they see pass.

use std::time::Duration;

use mongodb::bson::doc;
use mongodb::options::ReturnDocument;

use crate::failure::MongoResult;
use crate::fields::number;
use crate::observed::{fact, millis};
use crate::schema::FACTS;
use crate::store::MongoStore;

impl MongoStore {
    /// Goes on from what is stored; the first host begins at the present moment.
    pub(crate) async fn go_on(&self) -> MongoResult<()> {
        let facts = self.documents(FACTS);
        let begun = doc! { "$setOnInsert": { "ms": self.moment.now().as_millisecond() } };
        let told = facts.find_one_and_update(fact(), begun).upsert(true);
        if let Some(told) = told.return_document(ReturnDocument::After).await? {
            self.observed.reach(number(&told, "ms")?);
        }
        Ok(())
    }

    /// Goes on by `passed`, but not by more than passed on the server since any host told of it last: what several
    /// see pass at the same time passes once.
    pub(crate) async fn pass(&self, passed: Duration) -> MongoResult<()> {
        let now = self.moment.expression();
        let since = doc! { "$subtract": [now.clone(), { "$ifNull": ["$told_ms", 0_i64] }] };
        let more = doc! { "$max": [0_i64, { "$min": [millis(passed), since] }] };
        let change = doc! { "$set": { "ms": { "$add": ["$ms", more] }, "told_ms": now } };
        let facts = self.documents(FACTS);
        let told = facts.find_one_and_update(fact(), vec![change]);
        let told = told.return_document(ReturnDocument::After).await?;
        if let Some(told) = told {
            self.observed.reach(number(&told, "ms")?);
        }
        Ok(())
    }
}
