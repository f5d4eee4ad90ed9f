//! Records of another store, put in as they are. One that is there by its key stays.

use futures_util::FutureExt as _;
use mongodb::ClientSession;
use mongodb::bson::{Document, doc};
use serde::Serialize;
use simulay_model::{AccountName, Head, OwnerFilter, Run, RunId, Sweep, Visibility};
use simulay_store::transfer::{Deletion, OwnedAccount, OwnedPlugin, OwnedRun, Record};
use simulay_store::{Claim, Outcome, StoreError, Upload};

use crate::artifacts::{self, Shown};
use crate::commit::head_fields;
use crate::credentials::StoredIdentity;
use crate::entries::{Entry, beginning, key};
use crate::failure::{Failure, MongoResult, bounded};
use crate::fields::{signed, to_json};
use crate::metering::StoredQuotas;
use crate::observed::{self, millis};
use crate::people::{StoredAccount, StoredToken};
use crate::schema::{
    ACCOUNTS, AUDIT, DELETIONS, FACTS, IDENTITIES, JOURNAL, PLUGINS, QUOTAS, REQUESTS, RUNS, SWEEPS, TOKENS,
    UPLOADS, USAGE,
};
use crate::store::MongoStore;
use crate::uploads::StoredUpload;
use crate::{accept, audit, requests, told, usage, versions};

/// Entries that are written at once.
const ENTRIES: usize = 100;

impl MongoStore {
    /// Puts one record in.
    pub(crate) async fn put_one(&self, record: Record) -> Result<(), StoreError> {
        match record {
            Record::Account(owned) => self.bounded(self.put_account(&owned)).await,
            Record::Plugin(owned) => {
                let put = self.transaction((self, owned), |session, (store, owned)| {
                    store.put_plugin(session, owned).boxed()
                });
                put.await
            }
            Record::Visibility(name, visibility) => {
                simulay_store::Plugins::set_visibility(self, &OwnerFilter::Any, &name, visibility).await
            }
            Record::Upload(owner, upload, at) => {
                let put =
                    self.transaction((self, owner, upload, at), |session, (store, owner, upload, at)| {
                        store.put_upload(session, owner, *upload, *at).boxed()
                    });
                put.await
            }
            Record::Sweep(sweep, ended_ms) => {
                let put = self.transaction((self, sweep, ended_ms), |session, (store, sweep, ended_ms)| {
                    store.put_new_sweep(session, sweep, *ended_ms).boxed()
                });
                put.await
            }
            Record::Run(owned) => self.put_run(*owned).await,
            Record::Request(claim, outcome, at) => {
                let put =
                    self.transaction((self, claim, outcome, at), |session, (store, claim, outcome, at)| {
                        store.put_request(session, claim, outcome, *at).boxed()
                    });
                put.await
            }
            single => self.bounded(self.put_single(single)).await,
        }
    }
}

impl MongoStore {
    /// Puts in what is one document.
    async fn put_single(&self, record: Record) -> MongoResult<()> {
        match record {
            Record::Token(token) => self.put_document(TOKENS, StoredToken::from(&*token)).await,
            Record::Identity(identity, account) => {
                self.put_document(IDENTITIES, StoredIdentity::of(&account, &identity)).await
            }
            Record::Deletion(it) => self.put_document(DELETIONS, deletion(&it)).await,
            Record::Usage(it) => self.put_document(USAGE, usage::document(&it)?).await,
            Record::Audit(record) => self.put_document(AUDIT, audit::document(&record)).await,
            Record::Observed(ms) => {
                let observed = doc! { "$set": { "ms": ms } };
                self.documents(FACTS).update_one(observed::fact(), observed).upsert(true).await?;
                Ok(())
            }
            _ => Err(StoreError::Conflict(format!("{record} is more than one document")).into()),
        }
    }

    /// Puts a document in, unless there is one by its key.
    async fn put_document(
        &self,
        collection: &str,
        document: impl Serialize + Send + Sync,
    ) -> MongoResult<()> {
        match self.collection(collection).insert_one(document).await.map_err(Failure::from) {
            Err(failure) if failure.is_duplicate() => Ok(()),
            put => put.map(drop),
        }
    }

    /// An account comes after its quotas: once it is there, all of it is.
    async fn put_account(&self, owned: &OwnedAccount) -> MongoResult<()> {
        let name = &owned.account.name;
        if !owned.quotas.is_empty() {
            let (quotas, which) = (StoredQuotas::of(name, &owned.quotas), doc! { "_id": name.as_str() });
            self.collection(QUOTAS).replace_one(which, quotas).upsert(true).await?;
        }
        let stored =
            StoredAccount { password: owned.password.clone(), ..StoredAccount::from(&owned.account) };
        self.put_document(ACCOUNTS, stored).await
    }

    async fn put_plugin(&self, session: &mut ClientSession, owned: &OwnedPlugin) -> MongoResult<()> {
        let (plugin, manifest) = (&owned.plugin, &owned.plugin.manifest);
        if self.known(session, &manifest.name, &manifest.version).await?.is_some() {
            return Ok(());
        }
        let is_first = self.named(session, &manifest.name).await?.is_none();
        self.move_on(session, plugin, is_first).await?;
        let mut document = versions::document(plugin, &Visibility::Private)?;
        document.insert("history", owned.events.iter().map(versions::event).collect::<Vec<_>>());
        self.documents(PLUGINS).insert_one(document).session(&mut *session).await?;
        let this = doc! { "name": manifest.name.as_str(), "version": manifest.version.to_string() };
        self.touch(session, PLUGINS, this).await
    }

    async fn put_upload(
        &self,
        session: &mut ClientSession,
        owner: &AccountName,
        upload: Upload,
        at_ms: i64,
    ) -> MongoResult<()> {
        let blob = (upload.sha256, upload.size);
        let stored = StoredUpload::of(owner, blob, at_ms)?;
        let (uploads, which) = (self.collection::<StoredUpload>(UPLOADS), stored.which());
        if uploads.find_one(which).session(&mut *session).await?.is_some() {
            return Ok(());
        }
        uploads.insert_one(stored).session(&mut *session).await?;
        self.blobs_come(session, owner, &[blob]).await
    }

    async fn put_new_sweep(
        &self,
        session: &mut ClientSession,
        sweep: &Sweep,
        ended_ms: Option<i64>,
    ) -> MongoResult<()> {
        let which = doc! { "_id": sweep.id.to_string() };
        if self.documents(SWEEPS).find_one(which).session(&mut *session).await?.is_some() {
            return Ok(());
        }
        self.put_sweep(session, sweep, ended_ms).await
    }

    /// A run that a request tells of is told so.
    async fn put_request(
        &self,
        session: &mut ClientSession,
        claim: &Claim,
        outcome: &Outcome,
        at_ms: i64,
    ) -> MongoResult<()> {
        let request = requests::request(claim, outcome, at_ms);
        let requests = self.documents(REQUESTS);
        let which = doc! { "_id": request.get("_id") };
        if requests.find_one(which).session(&mut *session).await?.is_some() {
            return Ok(());
        }
        if let Outcome::Run(run) = outcome {
            let (runs, remembered) = (self.documents(RUNS), doc! { "$set": { "remembered": true } });
            runs.update_one(doc! { "_id": run.to_string() }, remembered).session(&mut *session).await?;
        }
        requests.insert_one(request).session(session).await?;
        Ok(())
    }

    /// The journal, which may be long, comes first, and nobody finds it; then the run with all that is counted.
    async fn put_run(&self, owned: OwnedRun) -> Result<(), StoreError> {
        let id = owned.run.id.to_string();
        let known =
            self.bounded(async { Ok(self.documents(RUNS).find_one(doc! { "_id": &id }).await?) }).await?;
        if known.is_some() {
            return Ok(());
        }
        let entries = journal(&owned)?;
        let bytes = entries.iter().map(|entry| entry.text.len()).sum::<usize>();
        let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
        self.write_journal(owned.run.id, entries).await?;
        self.transaction((self, owned, bytes), |session, (store, owned, bytes)| {
            store.put_head(session, owned, *bytes).boxed()
        })
        .await
    }

    /// What an earlier try left is written anew. It may take long: each answer is waited for by itself.
    async fn write_journal(&self, run: RunId, entries: Vec<Entry>) -> MongoResult<()> {
        let journal = self.documents(JOURNAL);
        bounded(journal.delete_many(beginning(&format!("{run}/")))).await?;
        let documents: Vec<_> = entries.into_iter().flat_map(Entry::documents).collect();
        for some in documents.chunks(ENTRIES) {
            bounded(journal.insert_many(some)).await?;
        }
        Ok(())
    }

    async fn put_head(&self, session: &mut ClientSession, owned: &OwnedRun, bytes: i64) -> MongoResult<()> {
        let run = &owned.run;
        self.documents(RUNS).insert_one(head(owned, bytes)?).session(&mut *session).await?;
        let shown = Shown { run: run.id, owner: &run.owner, pipeline: run.plugin.name.as_str() };
        self.show(session, shown, 0, &owned.artifacts).await?;
        self.offer(session, (run.id, &run.owner), &owned.attempts).await?;
        if run.state.is_end() {
            self.records_change(session, &run.owner, bytes).await?;
        }
        self.touch(session, RUNS, doc! { "_id": run.id.to_string() }).await
    }
}

/// All that is told of a run.
fn journal(owned: &OwnedRun) -> MongoResult<Vec<Entry>> {
    let (run, id) = (&owned.run, owned.run.id);
    let mut entries = accept::documents(run)?;
    if let Some(report) = &run.report {
        entries.push(Entry::new(key::document(id, "report"), Document::new(), to_json(report)?));
    }
    for event in &owned.events {
        entries.push(told::event_entry(id, event.sequence, event.at, &event.data)?);
    }
    for (step, plan) in &owned.plans {
        entries.extend(told::plan_entries(id, *step, plan)?);
    }
    let last = last_event(owned);
    for (call, attempt) in &owned.attempts {
        let key = key::attempt(id, *call, attempt.attempt, last);
        entries.push(told::attempt_entry(key, *call, last, attempt)?);
    }
    Ok(entries)
}

/// The document of a run as it is by now.
fn head(owned: &OwnedRun, bytes: i64) -> MongoResult<Document> {
    let run = &owned.run;
    let mut head = accept::head(run, bytes, false);
    head.extend(head_fields(&now(run), owned.ended_ms.unwrap_or_default())?);
    head.insert("last_event", signed(last_event(owned))?);
    head.insert("artifacts", i64::try_from(owned.artifacts.len()).unwrap_or(i64::MAX));
    for mark in owned.artifacts.iter().filter_map(|artifact| artifacts::mark(artifact.kind)) {
        head.insert(mark, true);
    }
    if run.state.is_end() {
        head.remove("unfinished");
    }
    if let Some(lease) = owned.lease {
        let (fence, worked_ms) = (signed(lease.fence)?, millis(lease.active));
        head.insert(
            "lease",
            doc! { "holder": "", "fence": fence, "until_ms": 0_i64, "worked_ms": worked_ms },
        );
    }
    Ok(head)
}

fn last_event(owned: &OwnedRun) -> u64 {
    owned.events.last().map_or(0, |event| event.sequence)
}

fn now(run: &Run) -> Head {
    Head {
        state: run.state,
        steps: run.steps,
        cancel_requested: run.cancel_requested,
        started_at: run.started_at,
        ended_at: run.ended_at,
        error: run.error.clone(),
    }
}

fn deletion(deletion: &Deletion) -> Document {
    let Deletion { run, owner, pipeline, at, why } = deletion;
    let (owner, pipeline) = (owner.as_str(), pipeline.as_str());
    doc! { "_id": run.to_string(), "owner": owner, "pipeline": pipeline, "at": at.to_string(), "why": why }
}
