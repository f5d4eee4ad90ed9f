//! Every record, read in the order of its kind and its key.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use futures_util::stream::{self, BoxStream, StreamExt as _, TryStreamExt as _};
use mongodb::Cursor;
use mongodb::bson::{Document, doc};
use serde::de::DeserializeOwned;
use simulay_model::{AttemptProgress, Identity, OwnerFilter, RunId, Step};
use simulay_store::transfer::{Deletion, OwnedAccount, OwnedPlugin, OwnedRun, Record};
use simulay_store::{Claim, Lease, RequestKey, StoreError, Upload};

use crate::credentials::StoredIdentity;
use crate::entries::beginning;
use crate::failure::{Failure, MongoResult, bounded};
use crate::fields::{damaged, number, parsed, text};
use crate::metering::StoredQuotas;
use crate::people::{self, StoredAccount, StoredToken};
use crate::schema::{
    ACCOUNTS, AUDIT, DELETIONS, FACTS, IDENTITIES, PLUGIN_NAMES, PLUGINS, QUOTAS, REQUESTS, RUNS, SWEEPS,
    TOKENS, UPLOADS,
};
use crate::store::MongoStore;
use crate::uploads::StoredUpload;
use crate::{audit, observed, requests, rows, told, versions};

type Records<'a> = BoxStream<'a, Result<Record, StoreError>>;
type Read = for<'a> fn(&'a MongoStore, Document) -> BoxFuture<'a, MongoResult<Record>>;

/// Documents that are fetched at once: a server gives a cursor up that nobody asks for ten minutes.
const AHEAD: u32 = 100;

/// The records of all kinds, in their order. MongoDB compares texts by their bytes.
pub(crate) fn kinds(store: &MongoStore) -> [Records<'_>; 13] {
    let all = |collection, read| records(store, collection, doc! {}, doc! { "_id": 1 }, read);
    let shown = doc! { "$or": [{ "public": true }, { "shared.0": { "$exists": true } }] };
    [
        all(ACCOUNTS, |store, found| store.owned_account(found).boxed()),
        records(store, PLUGINS, doc! {}, doc! { "name": 1, "version": 1 }, |_, found| ready(plugin(&found))),
        records(store, PLUGIN_NAMES, shown, doc! { "_id": 1 }, |_, found| ready(visibility(&found))),
        all(UPLOADS, |_, found| ready(upload(found))),
        all(SWEEPS, |store, found| store.owned_sweep(found).boxed()),
        all(RUNS, |store, found| store.owned_run(found).boxed()),
        all(TOKENS, |_, found| ready(token(found))),
        all(IDENTITIES, |_, found| ready(identity(found))),
        all(REQUESTS, |_, found| ready(request(&found))),
        all(DELETIONS, |_, found| ready(deletion(&found))),
        usage(store),
        all(AUDIT, |_, found| ready(Ok(Record::Audit(Box::new(audit::record(&found)))))),
        records(store, FACTS, observed::fact(), doc! {}, |_, found| {
            ready(number(&found, "ms").map(Record::Observed))
        }),
    ]
}

/// What `read` makes of the documents of a collection.
fn records<'a>(
    store: &'a MongoStore,
    collection: &'static str,
    which: Document,
    order: Document,
    read: Read,
) -> Records<'a> {
    let documents = stream::once(async move {
        let documents = store.documents(collection);
        let found = documents.find(which).sort(order).batch_size(AHEAD);
        Ok::<_, Failure>(stream::try_unfold(bounded(found).await?, next))
    });
    documents.try_flatten().and_then(move |document| read(store, document)).map_err(StoreError::from).boxed()
}

async fn next(mut found: Cursor<Document>) -> MongoResult<Option<(Document, Cursor<Document>)>> {
    Ok(bounded(found.try_next()).await?.map(|document| (document, found)))
}

fn ready<'a>(record: MongoResult<Record>) -> BoxFuture<'a, MongoResult<Record>> {
    async { record }.boxed()
}

/// Parts are added up.
fn usage(store: &MongoStore) -> Records<'_> {
    let days =
        async { store.daily_usage(doc! {}).await.map(|days| stream::iter(days).map(Record::Usage).map(Ok)) };
    stream::once(days).try_flatten().boxed()
}

impl MongoStore {
    async fn owned_account(&self, found: Document) -> MongoResult<Record> {
        let stored: StoredAccount = typed(found)?;
        let which = doc! { "_id": &stored.name };
        let quotas = self.collection::<StoredQuotas>(QUOTAS).find_one(which).await?;
        let quotas = quotas.map(StoredQuotas::restore).transpose()?;
        let (password, quotas) =
            (stored.password.clone(), quotas.map(|(_, quotas)| quotas).unwrap_or_default());
        Ok(Record::Account(OwnedAccount { account: stored.try_into()?, password, quotas }))
    }

    async fn owned_sweep(&self, found: Document) -> MongoResult<Record> {
        let ended_ms = found.contains_key("ended_ms").then(|| number(&found, "ended_ms")).transpose()?;
        Ok(Record::Sweep(Box::new(self.whole_sweep(&found).await?), ended_ms))
    }

    async fn owned_run(&self, found: Document) -> MongoResult<Record> {
        let id: RunId = parsed(&found, "_id")?;
        let run = self.whole(&OwnerFilter::Any, id).await?.ok_or(StoreError::NotFound)?;
        let artifacts = self.artifacts_of(doc! { "run": id.to_string() }).await?;
        let ended_ms = found.contains_key("ended_ms").then(|| number(&found, "ended_ms")).transpose()?;
        let lease = found.get_document("lease").ok().map(lease).transpose()?;
        Ok(Record::Run(Box::new(OwnedRun {
            run,
            ended_ms,
            lease,
            plans: self.plans_of(id).await?,
            attempts: self.attempts_of(id).await?,
            artifacts: artifacts.iter().map(rows::artifact).collect::<MongoResult<_>>()?,
            events: {
                let events = self.entries(beginning(&format!("{id}/event/"))).await?;
                events.iter().map(|event| told::event(id, event)).collect::<MongoResult<_>>()?
            },
        })))
    }

    async fn plans_of(&self, run: RunId) -> MongoResult<Vec<(u32, Step)>> {
        let plans = self.entries(beginning(&format!("{run}/plan/"))).await?;
        let step = |place: &str| place.parse().map_err(|error| damaged("_id", error));
        plans.iter().map(|plan| Ok((step(plan.place())?, told::read(plan)?))).collect()
    }

    /// Each attempt as it was told last.
    async fn attempts_of(&self, run: RunId) -> MongoResult<Vec<((u32, u32), AttemptProgress)>> {
        let mut attempts = BTreeMap::new();
        for entry in self.entries(beginning(&format!("{run}/attempt/"))).await? {
            let (call, attempt) = (told::place(&entry.fields)?, told::attempt(&entry)?);
            attempts.insert((call, attempt.attempt), attempt);
        }
        Ok(attempts.into_iter().map(|((call, _), attempt)| (call, attempt)).collect())
    }
}

fn lease(lease: &Document) -> MongoResult<Lease> {
    let active = Duration::from_millis(number(lease, "worked_ms")?);
    Ok(Lease { fence: number(lease, "fence")?, active })
}

fn typed<T: DeserializeOwned>(found: Document) -> MongoResult<T> {
    Ok(mongodb::bson::deserialize_from_document(found)?)
}

fn plugin(found: &Document) -> MongoResult<Record> {
    let (plugin, events) = (versions::plugin(found)?, versions::history(found)?);
    Ok(Record::Plugin(Box::new(OwnedPlugin { plugin, events })))
}

fn visibility(found: &Document) -> MongoResult<Record> {
    Ok(Record::Visibility(parsed(found, "_id")?, versions::visibility(found)?))
}

fn upload(found: Document) -> MongoResult<Record> {
    let stored: StoredUpload = typed(found)?;
    let size = u64::try_from(stored.size).map_err(|error| damaged("size", error))?;
    let upload = Upload { sha256: stored.sha256()?, size };
    Ok(Record::Upload(people::parsed("owner", &stored.key.owner)?, upload, stored.at_ms))
}

fn token(found: Document) -> MongoResult<Record> {
    Ok(Record::Token(Box::new(typed::<StoredToken>(found)?.try_into()?)))
}

fn identity(found: Document) -> MongoResult<Record> {
    let StoredIdentity { known, account } = typed(found)?;
    let identity = Identity { issuer: known.issuer, subject: known.subject };
    Ok(Record::Identity(identity, people::parsed("account", &account)?))
}

fn request(found: &Document) -> MongoResult<Record> {
    let key = found.get_document("_id").map_err(|error| damaged("_id", error))?;
    let (scope, name) = (text(key, "scope")?.to_owned(), text(key, "key")?.to_owned());
    let request = RequestKey { owner: parsed(key, "owner")?, scope, key: name };
    let remembered = requests::remembered(found)?;
    let claim = Claim { request, fingerprint: remembered.fingerprint };
    Ok(Record::Request(claim, remembered.outcome, number(found, "at_ms")?))
}

fn deletion(found: &Document) -> MongoResult<Record> {
    Ok(Record::Deletion(Deletion {
        run: parsed(found, "_id")?,
        owner: parsed(found, "owner")?,
        pipeline: parsed(found, "pipeline")?,
        at: parsed(found, "at")?,
        why: text(found, "why")?.to_owned(),
    }))
}
