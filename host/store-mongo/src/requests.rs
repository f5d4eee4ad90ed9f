//! Requests that may come again.

use std::time::Duration;

use async_trait::async_trait;
use futures_util::{FutureExt as _, TryStreamExt as _};
use mongodb::ClientSession;
use mongodb::bson::{Bson, Document, doc};
use semver::Version;
use simulay_model::{PluginEffects, PluginName};
use simulay_store::{Claim, Outcome, Remembered, RequestKey, Requests, StoreError};

use crate::failure::{Failure, MongoResult};
use crate::fields::{optional, parsed, text};
use crate::schema::{REQUESTS, RUNS};
use crate::store::MongoStore;

/// Requests that are forgotten in one transaction.
const BATCH: i64 = 500;

#[async_trait]
impl Requests for MongoStore {
    async fn find(&self, request: &RequestKey) -> Result<Option<Remembered>, StoreError> {
        self.bounded(async {
            let found = self.documents(REQUESTS).find_one(doc! { "_id": id(request) }).await?;
            found.as_ref().map(remembered).transpose()
        })
        .await
    }

    async fn commit_once(
        &self,
        name: &PluginName,
        version: &Version,
        effects: Box<PluginEffects>,
        (claim, answer): (Claim, String),
    ) -> Result<(), StoreError> {
        let asked = (self, name, version, effects, claim, Outcome::Answer(answer));
        self.transaction(asked, |session, (store, name, version, effects, claim, outcome)| {
            async move {
                store.claim(session, claim, outcome).await?;
                store.change_life(session, name, version, effects).await
            }
            .boxed()
        })
        .await
    }

    async fn remember(&self, claim: Claim, answer: String) -> Result<(), StoreError> {
        let request = request(&claim, &Outcome::Answer(answer), self.observed.millis());
        self.bounded(async {
            let inserted = self.documents(REQUESTS).insert_one(request).await;
            inserted.map_err(|error| Failure::from(error).on_duplicate(StoreError::Repeated)).map(drop)
        })
        .await
    }

    async fn forget(&self, age: Duration) -> Result<usize, StoreError> {
        let (before, mut forgotten) = (self.observed.before(age), 0);
        loop {
            let old = self.bounded(self.old_requests(before)).await?;
            if old.is_empty() {
                return Ok(forgotten);
            }
            let deleted = self
                .transaction((self, old), |session, (store, old)| store.forget_these(session, old).boxed());
            forgotten += usize::try_from(deleted.await?).unwrap_or(usize::MAX);
        }
    }
}

impl MongoStore {
    /// Remembers what comes of a request, unless it came before.
    pub(crate) async fn claim(
        &self,
        session: &mut ClientSession,
        claim: &Claim,
        outcome: &Outcome,
    ) -> MongoResult<()> {
        let inserted = self
            .documents(REQUESTS)
            .insert_one(request(claim, outcome, self.observed.millis()))
            .session(session)
            .await;
        inserted.map_err(|error| Failure::from(error).on_duplicate(StoreError::Repeated)).map(drop)
    }

    async fn old_requests(&self, before: i64) -> MongoResult<Vec<Document>> {
        let requests = self.documents(REQUESTS);
        let found = requests.find(doc! { "at_ms": { "$lte": before } });
        Ok(found.projection(doc! { "run": 1 }).limit(BATCH).await?.try_collect().await?)
    }

    /// Forgets requests; their runs may be deleted then.
    async fn forget_these(&self, session: &mut ClientSession, old: &[Document]) -> MongoResult<u64> {
        let of_all =
            |field: &str| -> Vec<Bson> { old.iter().filter_map(|it| it.get(field).cloned()).collect() };
        let runs = doc! { "_id": { "$in": of_all("run") } };
        let forgotten = doc! { "$unset": { "remembered": "" } };
        self.documents(RUNS).update_many(runs, forgotten).session(&mut *session).await?;
        let requests = doc! { "_id": { "$in": of_all("_id") } };
        let deleted = self.documents(REQUESTS).delete_many(requests).session(session).await?;
        Ok(deleted.deleted_count)
    }
}

/// What came of a request, at a moment of the time observed.
pub(crate) fn request(Claim { request, fingerprint }: &Claim, outcome: &Outcome, at_ms: i64) -> Document {
    let mut document = doc! { "_id": id(request), "fingerprint": fingerprint.to_string(), "at_ms": at_ms };
    match outcome {
        Outcome::Run(run) => document.insert("run", run.to_string()),
        Outcome::Answer(answer) => document.insert("answer", answer),
    };
    document
}

/// What a request is known by; always in this order.
fn id(RequestKey { owner, scope, key }: &RequestKey) -> Document {
    doc! { "owner": owner.as_str(), "scope": scope, "key": key }
}

pub(crate) fn remembered(request: &Document) -> MongoResult<Remembered> {
    let outcome = match optional(request, "run")? {
        Some(run) => Outcome::Run(run),
        None => Outcome::Answer(text(request, "answer")?.to_owned()),
    };
    Ok(Remembered { fingerprint: parsed(request, "fingerprint")?, outcome })
}
