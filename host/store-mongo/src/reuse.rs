//! Results that equal calls may take, and who computes one at the moment.

use std::time::Duration;

use async_trait::async_trait;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use mongodb::ClientSession;
use mongodb::bson::{Bson, Document, doc};
use simulay_model::{AccountName, AttemptProgress, CallEnd, CallPlace, Digest, Offer, OwnerFilter, RunId};
use simulay_store::{Flight, KeptKey, Offered, Reuse, StoreError};

use crate::failure::{Failure, MongoResult};
use crate::fields::{number, parsed};
use crate::filter;
use crate::observed::millis;
use crate::schema::{FLIGHTS, OFFERS, RUNS};
use crate::store::MongoStore;

/// Keys that are asked for side by side.
const AT_ONCE: usize = 16;
/// After this time a flight that is over is let go of, milliseconds.
const LONG: i64 = 3_600_000;

#[async_trait]
impl Reuse for MongoStore {
    async fn offered(
        &self,
        among: Option<&AccountName>,
        keys: Vec<Digest>,
    ) -> Result<Vec<Offered>, StoreError> {
        self.bounded(async {
            let found = stream::iter(keys).map(|key| self.newest_offer(among, key)).buffered(AT_ONCE);
            let found: Vec<_> = found.try_collect().await?;
            Ok(found.into_iter().flatten().collect())
        })
        .await
    }

    async fn kept_keys(
        &self,
        owner: &OwnerFilter,
        run: RunId,
        most: u32,
    ) -> Result<Vec<KeptKey>, StoreError> {
        self.bounded(async {
            let mut kept = doc! { "run": { "$lte": run.to_string() } };
            if let Some(owner) = owner.account() {
                kept.insert("owner", owner.as_str());
            }
            if let Some(within) = owner.scope().run() {
                kept.insert("$and", [doc! { "run": within.to_string() }].to_vec());
            }
            let offers = self.documents(OFFERS);
            let found = offers.find(kept).sort(doc! { "run": -1, "step": -1, "index": -1 });
            let found: Vec<Document> = found.limit(i64::from(most)).await?.try_collect().await?;
            self.within(owner, found.iter().map(kept_key).collect::<MongoResult<_>>()?).await
        })
        .await
    }

    async fn lead(&self, flight: &Flight, call: CallPlace, time: Duration) -> Result<CallPlace, StoreError> {
        self.bounded(async {
            self.prepare_flight(flight).await?;
            if self.takes_the_lead(flight, call, time).await? {
                return Ok(call);
            }
            // Whoever landed meanwhile leads no more: the next may.
            let (flights, led) =
                (self.documents(FLIGHTS), doc! { "_id": id(flight), "run": { "$exists": true } });
            flights.find_one(led).await?.as_ref().map_or(Ok(call), place)
        })
        .await
    }

    async fn leader(&self, flight: &Flight) -> Result<Option<CallPlace>, StoreError> {
        self.bounded(async {
            let now = self.moment.expression();
            let led = doc! { "_id": id(flight), "$expr": { "$gt": ["$until_ms", now] } };
            self.documents(FLIGHTS).find_one(led).await?.as_ref().map(place).transpose()
        })
        .await
    }

    async fn land(&self, flight: &Flight, call: CallPlace) -> Result<(), StoreError> {
        self.bounded(async {
            let mut led = of(call);
            led.insert("_id", id(flight));
            // With those that nobody landed.
            let long_ago = doc! { "$subtract": [self.moment.expression(), LONG] };
            let over = doc! { "run": { "$exists": true }, "$expr": { "$lt": ["$until_ms", long_ago] } };
            self.documents(FLIGHTS).delete_many(doc! { "$or": [led, over] }).await?;
            Ok(())
        })
        .await
    }
}

impl MongoStore {
    async fn newest_offer(&self, among: Option<&AccountName>, key: Digest) -> MongoResult<Option<Offered>> {
        let mut offered = doc! { "key": key.to_string() };
        if let Some(among) = among {
            offered.insert("owner", among.as_str());
        }
        let found = self.documents(OFFERS).find_one(offered).sort(doc! { "run": -1 }).await?;
        let Some(found) = found else { return Ok(None) };
        let offer = Offer { key, owner: parsed(&found, "owner")?, place: place(&found)? };
        let CallPlace { run, step, index } = offer.place;
        let at = format!("{step:010}/{index:010}");
        // Of a run that was deleted a moment ago nothing is told.
        let newest = self.newest_attempts(run, &at, u64::MAX).await?.remove(&(step, index));
        let Some(CallEnd::Result(result)) = newest.and_then(|newest| newest.end) else { return Ok(None) };
        Ok(Some(Offered { offer, result }))
    }

    /// Those of runs that the filter finds.
    async fn within(&self, owner: &OwnerFilter, mut kept: Vec<KeptKey>) -> MongoResult<Vec<KeptKey>> {
        let runs: Vec<Bson> = kept.iter().map(|kept| kept.place.run.to_string().into()).collect();
        let found = doc! { "$and": [{ "_id": { "$in": runs } }, filter::runs(owner)] };
        let found = self.documents(RUNS).find(found).projection(doc! { "_id": 1 }).await?;
        let found: Vec<Document> = found.try_collect().await?;
        let found = found.iter().map(|run| parsed(run, "_id")).collect::<MongoResult<Vec<RunId>>>()?;
        kept.retain(|kept| found.contains(&kept.place.run));
        Ok(kept)
    }

    /// Makes the document of a flight, which nobody leads, where there is none.
    async fn prepare_flight(&self, flight: &Flight) -> MongoResult<()> {
        let flights = self.documents(FLIGHTS);
        let free = doc! { "$setOnInsert": { "until_ms": 0_i64 } };
        match flights.update_one(doc! { "_id": id(flight) }, free).upsert(true).await.map_err(Failure::from) {
            Err(failure) if failure.is_duplicate() => Ok(()),
            made => made.map(drop),
        }
    }

    /// True when nobody else leads the flight: from now on the call does.
    async fn takes_the_lead(&self, flight: &Flight, call: CallPlace, time: Duration) -> MongoResult<bool> {
        let now = self.moment.expression();
        let over = doc! { "$expr": { "$lte": ["$until_ms", now.clone()] } };
        let free = doc! { "_id": id(flight), "$or": [over, of(call)] };
        let mut led = of(call);
        led.insert("until_ms", doc! { "$add": [now, millis(time)] });
        let taken = self.documents(FLIGHTS).update_one(free, vec![doc! { "$set": led }]).await?;
        Ok(taken.matched_count > 0)
    }

    /// Refuses what is to be taken and is not offered. It is written to, so that whoever lets go of it at the same
    /// time is in the way of this, or this of him.
    pub(crate) async fn take(&self, session: &mut ClientSession, taken: &Offer) -> MongoResult<()> {
        let mut offered = of(taken.place);
        offered.extend(doc! { "key": taken.key.to_string(), "owner": taken.owner.as_str() });
        let touched = doc! { "$inc": { "taken": 1_i64 } };
        let touched = self.documents(OFFERS).update_one(offered, touched).session(session).await?;
        if touched.matched_count > 0 { Ok(()) } else { Err(Failure::from(StoreError::NotOffered)) }
    }

    /// Offers what came of attempts of a run.
    pub(crate) async fn offer<'a>(
        &self,
        session: &mut ClientSession,
        (run, owner): (RunId, &AccountName),
        attempts: impl IntoIterator<Item = &'a ((u32, u32), AttemptProgress)>,
    ) -> MongoResult<()> {
        let offers = attempts.into_iter().filter_map(|((step, index), attempt)| {
            let (key, whole) = (attempt.offers()?, attempt.key?);
            let mut offer = of(CallPlace { run, step: *step, index: *index });
            offer.extend(doc! { "_id": format!("{run}/{step:010}/{index:010}"), "owner": owner.as_str() });
            offer.extend(doc! { "key": key.to_string(), "parts": whole.to_string() });
            Some(offer)
        });
        let offers: Vec<_> = offers.collect();
        if !offers.is_empty() {
            self.documents(OFFERS).insert_many(offers).session(session).await?;
        }
        Ok(())
    }

    /// Offers nothing of a run any more, or of one of its calls.
    pub(crate) async fn offer_no_more(
        &self,
        session: &mut ClientSession,
        run: RunId,
        call: Option<(u32, u32)>,
    ) -> MongoResult<()> {
        let offers = match call {
            Some((step, index)) => of(CallPlace { run, step, index }),
            None => doc! { "run": run.to_string() },
        };
        self.documents(OFFERS).delete_many(offers).session(session).await?;
        Ok(())
    }
}

/// A place as fields.
fn of(CallPlace { run, step, index }: CallPlace) -> Document {
    doc! { "run": run.to_string(), "step": i64::from(step), "index": i64::from(index) }
}

fn place(fields: &Document) -> MongoResult<CallPlace> {
    Ok(CallPlace {
        run: parsed(fields, "run")?,
        step: number(fields, "step")?,
        index: number(fields, "index")?,
    })
}

fn kept_key(offer: &Document) -> MongoResult<KeptKey> {
    Ok(KeptKey { place: place(offer)?, key: parsed(offer, "parts")? })
}

/// What a flight goes by. No name of an account is empty.
fn id(Flight { among, key }: &Flight) -> String {
    format!("{}/{key}", among.as_ref().map_or("", |among| among.as_str()))
}
