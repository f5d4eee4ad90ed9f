//! The document by which hosts share the time that they see pass.

use std::time::Duration;

use futures_util::TryStreamExt as _;
use mongodb::bson::doc;
use mongodb::options::ReturnDocument;

use crate::failure::MongoResult;
use crate::fields::number;
use crate::observed::{OBSERVED, fact, millis};
use crate::schema::FACTS;
use crate::store::MongoStore;

/// Hosts tell every minute that they are at work; who has not for so long is not any more.
const SEEN: Duration = Duration::from_secs(180);

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

    /// A host that told a moment ago that it is at work, and when that was.
    pub(crate) async fn host_at_work(&self) -> MongoResult<Option<String>> {
        let ago = doc! { "ago": { "$subtract": [self.moment.expression(), "$told_ms"] } };
        let told = [
            doc! { "$match": { "told_ms": { "$exists": true }, "_id": OBSERVED } },
            doc! { "$project": ago },
        ];
        let mut found = self.documents(FACTS).aggregate(told).await?;
        let Some(told) = found.try_next().await? else { return Ok(None) };
        let (ago, most) = (number::<i64>(&told, "ago")? / 1000, SEEN.as_secs().cast_signed());
        let who = format!("a host, seen {ago} s ago and counted as gone after {most} s,");
        Ok((ago < most).then_some(who))
    }
}
