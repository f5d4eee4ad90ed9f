//! Who uploaded which bytes.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::{FutureExt as _, TryStreamExt as _};
use jiff::Timestamp;
use mongodb::ClientSession;
use mongodb::bson::{Bson, Document, doc};
use serde::{Deserialize, Serialize};
use simulay_model::{AccountName, Digest, OwnerFilter, Quotas, Usage};
use simulay_store::{StoreError, Upload, Uploads};

use crate::failure::MongoResult;
use crate::fields::signed;
use crate::people::parsed;
use crate::schema::{ARTIFACTS, UPLOADS};
use crate::store::MongoStore;

/// Bytes that somebody uploaded.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct StoredUpload {
    #[serde(rename = "_id")]
    pub(crate) key: UploadKey,
    pub(crate) size: i64,
    /// When, in the time observed.
    pub(crate) at_ms: i64,
}

/// Whose and which.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct UploadKey {
    pub(crate) owner: String,
    pub(crate) sha256: String,
}

#[async_trait]
impl Uploads for MongoStore {
    async fn record(
        &self,
        owner: &AccountName,
        uploads: Vec<Upload>,
        quotas: &Quotas,
    ) -> Result<(), StoreError> {
        let uploads: BTreeMap<_, _> = uploads.iter().map(|upload| (upload.sha256, upload.size)).collect();
        let recording = Recording { store: self, owner, uploads, quotas, now: self.moment.now() };
        self.transaction(recording, |session, recording| recording.record(session).boxed()).await
    }

    async fn nameable(&self, owner: &OwnerFilter, blobs: Vec<Digest>) -> Result<HashSet<Digest>, StoreError> {
        let blobs: Vec<_> = blobs.iter().map(Digest::to_string).collect();
        self.bounded(async {
            let mut nameable = self.shown_by_runs(owner, &blobs).await?;
            if owner.scope().run().is_none() {
                nameable.extend(self.uploaded(owner, &blobs).await?);
            }
            Ok(nameable)
        })
        .await
    }

    async fn older(&self, age: Duration) -> Result<HashSet<Digest>, StoreError> {
        let old = doc! { "at_ms": { "$lte": self.observed.before(age) } };
        self.bounded(async {
            let found = self.collection::<StoredUpload>(UPLOADS).find(old).await?;
            let found: Vec<_> = found.try_collect().await?;
            Ok(found.iter().map(StoredUpload::sha256).collect::<Result<_, _>>()?)
        })
        .await
    }

    async fn forget_uploads(&self, blobs: Vec<Digest>, age: Duration) -> Result<(), StoreError> {
        let before = self.observed.before(age);
        for blob in blobs {
            let old = doc! { "_id.sha256": blob.to_string(), "at_ms": { "$lte": before } };
            self.transaction((self, old), |session, (store, old)| store.forget_in(session, old).boxed())
                .await?;
        }
        Ok(())
    }
}

impl MongoStore {
    async fn forget_in(&self, session: &mut ClientSession, old: &Document) -> MongoResult<()> {
        let uploads = self.collection::<StoredUpload>(UPLOADS);
        let mut found = uploads.find(old.clone()).session(&mut *session).await?;
        let mut gone = Vec::new();
        while let Some(upload) = found.next(session).await.transpose()? {
            gone.push(upload);
        }
        uploads.delete_many(old.clone()).session(&mut *session).await?;
        for upload in gone {
            let size = u64::try_from(upload.size).unwrap_or_default();
            let owner = parsed("owner", &upload.key.owner)?;
            self.blobs_go(session, &owner, &[(upload.sha256()?, size)]).await?;
        }
        Ok(())
    }

    /// Those of `blobs` that were uploaded by whom the filter finds.
    async fn uploaded(&self, owner: &OwnerFilter, blobs: &[String]) -> MongoResult<HashSet<Digest>> {
        let mut which = doc! { "_id.sha256": { "$in": blobs } };
        if let Some(account) = owner.account() {
            which.insert("_id.owner", account.as_str());
        }
        digests(self.documents(UPLOADS).distinct("_id.sha256", which).await?)
    }

    /// Those of `blobs` that a run shows which the filter finds.
    async fn shown_by_runs(&self, owner: &OwnerFilter, blobs: &[String]) -> MongoResult<HashSet<Digest>> {
        let (artifacts, mut which) = (self.documents(ARTIFACTS), doc! { "sha256": { "$in": blobs } });
        if let Some(account) = owner.account() {
            which.insert("owner", account.as_str());
        }
        if let Some(run) = owner.scope().run() {
            which.insert("run", run.to_string());
        }
        if let Some(pipeline) = owner.scope().pipeline() {
            which.insert("pipeline", pipeline.as_str());
        }
        digests(artifacts.distinct("sha256", which).await?)
    }
}

/// Takes down what an account uploaded, and when that was.
struct Recording<'a> {
    store: &'a MongoStore,
    owner: &'a AccountName,
    uploads: BTreeMap<Digest, u64>,
    quotas: &'a Quotas,
    now: Timestamp,
}

impl Recording<'_> {
    async fn record(&self, session: &mut ClientSession) -> MongoResult<()> {
        let Self { store, owner, quotas, now, .. } = *self;
        if quotas.is_empty() {
            return self.take_down(session).await.map(drop);
        }
        let used = store.admitting(session, owner, now).await?;
        // Bytes that the account kept before take no more room.
        match self.take_down(session).await? {
            0 => Ok(()),
            more => Ok(quotas.admit_upload(&used, more, now).map_err(StoreError::from)?),
        }
    }

    /// Gives the bytes that the account did not keep before.
    async fn take_down(&self, session: &mut ClientSession) -> MongoResult<u64> {
        let (store, at_ms) = (self.store, self.store.observed.millis());
        let known = self.refresh(session, at_ms).await?;
        let new: Vec<_> = self.uploads.iter().filter(|(blob, _)| !known.contains(blob)).collect();
        let new: Vec<_> = new.into_iter().map(|(blob, size)| (*blob, *size)).collect();
        if new.is_empty() {
            return Ok(0);
        }
        let stored = new.iter().map(|new| StoredUpload::of(self.owner, *new, at_ms));
        let stored = stored.collect::<MongoResult<Vec<_>>>()?;
        store.collection::<StoredUpload>(UPLOADS).insert_many(stored).session(&mut *session).await?;
        let more = store.keep(session, self.owner, &new).await?;
        let bytes = new.iter().map(|(_, size)| size).sum();
        store.count(session, self.owner, self.now, Usage::of_upload(bytes)).await?;
        Ok(more)
    }

    /// Takes down that what the account uploaded before it uploaded now as well; gives which that is.
    async fn refresh(&self, session: &mut ClientSession, at_ms: i64) -> MongoResult<HashSet<Digest>> {
        let keys: Vec<_> = self.uploads.keys().map(|blob| key(self.owner, *blob)).collect();
        let which = doc! { "_id": { "$in": keys } };
        let uploads = self.store.collection::<StoredUpload>(UPLOADS);
        let mut found = uploads.find(which.clone()).session(&mut *session).await?;
        let mut known = HashSet::new();
        while let Some(upload) = found.next(session).await.transpose()? {
            known.insert(upload.sha256()?);
        }
        if !known.is_empty() {
            let now = doc! { "$set": { "at_ms": at_ms } };
            uploads.update_many(which, now).session(session).await?;
        }
        Ok(known)
    }
}

impl StoredUpload {
    pub(crate) fn of(owner: &AccountName, (blob, size): (Digest, u64), at_ms: i64) -> MongoResult<Self> {
        let key = UploadKey { owner: owner.to_string(), sha256: blob.to_string() };
        Ok(Self { key, size: signed(size)?, at_ms })
    }

    /// What finds it.
    pub(crate) fn which(&self) -> Document {
        doc! { "_id": { "owner": &self.key.owner, "sha256": &self.key.sha256 } }
    }

    pub(crate) fn sha256(&self) -> Result<Digest, StoreError> {
        parsed("sha256", &self.key.sha256)
    }
}

fn key(owner: &AccountName, blob: Digest) -> Document {
    doc! { "owner": owner.as_str(), "sha256": blob.to_string() }
}

fn digests(found: Vec<Bson>) -> MongoResult<HashSet<Digest>> {
    let texts = found.iter().filter_map(Bson::as_str);
    Ok(texts.map(|text| parsed("sha256", text)).collect::<Result<_, _>>()?)
}
