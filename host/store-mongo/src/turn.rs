//! Whose turn it is to collect, of the hosts that share a database.

use std::time::Duration;

use mongodb::bson::doc;

use crate::failure::MongoResult;
use crate::observed::millis;
use crate::schema::FACTS;
use crate::store::MongoStore;

/// The fact that tells until when nobody else begins.
const COLLECTING: &str = "collecting";

impl MongoStore {
    /// Takes the turn for `time`, unless it is taken.
    pub(crate) async fn take_turn(&self, time: Duration) -> MongoResult<bool> {
        let (facts, now) = (self.documents(FACTS), self.moment.expression());
        let free = doc! { "$setOnInsert": { "until_ms": 0_i64 } };
        facts.update_one(doc! { "_id": COLLECTING }, free).upsert(true).await?;
        let over = doc! { "_id": COLLECTING, "$expr": { "$lte": ["$until_ms", now.clone()] } };
        let taken = doc! { "$set": { "until_ms": { "$add": [now, millis(time)] } } };
        Ok(facts.update_one(over, vec![taken]).await?.matched_count == 1)
    }
}
