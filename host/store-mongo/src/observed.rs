//! Time as hosts see it pass while they work, in one document that they share. Ages go by it.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use mongodb::bson::{Document, doc};
use mongodb::options::ReturnDocument;
use simulay_model::Clock;

use crate::failure::MongoResult;
use crate::fields::number;
use crate::schema::FACTS;
use crate::store::MongoStore;

/// The fact that tells it.
const OBSERVED: &str = "observed";

/// What finds it.
pub(crate) fn fact() -> Document {
    doc! { "_id": OBSERVED }
}

/// Milliseconds of that time, as this host saw it last. Never goes back.
#[derive(Debug)]
pub(crate) struct ObservedTime(AtomicI64);

impl From<i64> for ObservedTime {
    /// Goes on from what was stored.
    fn from(stored: i64) -> Self {
        Self(AtomicI64::new(stored))
    }
}

impl ObservedTime {
    /// The present moment in milliseconds.
    pub(crate) fn millis(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }

    /// Goes on to what is stored.
    pub(crate) fn reach(&self, stored: i64) {
        self.0.fetch_max(stored, Ordering::Relaxed);
    }

    /// The moment `age` ago.
    pub(crate) fn before(&self, age: Duration) -> i64 {
        self.millis().saturating_sub(millis(age))
    }
}

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

impl Clock for ObservedTime {
    fn now(&self) -> Timestamp {
        Timestamp::from_millisecond(self.millis()).unwrap_or(Timestamp::MAX)
    }
}

/// A duration in milliseconds, as they are stored.
pub(crate) fn millis(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}
