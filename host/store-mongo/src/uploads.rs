//! Who uploaded which bytes.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::TryStreamExt as _;
use jiff::Timestamp;
use mongodb::ClientSession;
use mongodb::bson::{Bson, Document, doc};
use serde::{Deserialize, Serialize};
use simulay_model::{AccountName, Digest, OwnerFilter, Quotas, Usage};
use simulay_store::{StoreError, Upload, Uploads};

use crate::failure::MongoResult;
use crate::people::parsed;
use crate::schema::{ARTIFACTS, RUNS, UPLOADS};
use crate::store::MongoStore;
use crate::usage::signed;

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
        let now = self.moment.now();
        self.transaction(async |session| {
            let used = if quotas.is_empty() { None } else { Some(self.admitting(session, owner, now).await?) };
            let more = self.record_in(session, owner, &uploads, now).await?;
            match used {
                Some(used) if more > 0 => Ok(quotas.admit_upload(&used, more, now).map_err(StoreError::from)?),
                _ => Ok(()),
            }
        })
        .await
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
            self.transaction(async |session| self.forget_in(session, old.clone()).await).await?;
        }
        Ok(())
    }
}

impl MongoStore {
    /// Takes down what an account uploaded; gives the bytes among them that it did not keep before.
    async fn record_in(
        &self,
        session: &mut ClientSession,
        owner: &AccountName,
        uploads: &BTreeMap<Digest, u64>,
        now: Timestamp,
    ) -> MongoResult<u64> {
        let at_ms = self.observed.millis();
        let known = self.refresh(session, owner, uploads, at_ms).await?;
        let new: Vec<_> = uploads.iter().filter(|(blob, _)| !known.contains(blob)).collect();
        let new: Vec<_> = new.into_iter().map(|(blob, size)| (*blob, *size)).collect();
        if new.is_empty() {
            return Ok(0);
        }
        let stored: Vec<_> = new.iter().map(|new| StoredUpload::of(owner, *new, at_ms)).collect::<Result<_, _>>()?;
        self.collection::<StoredUpload>(UPLOADS).insert_many(stored).session(&mut *session).await?;
        let more = self.blobs_come(session, owner, &new).await?;
        let bytes = new.iter().map(|(_, size)| size).sum();
        self.count(session, owner, now, Usage::of_upload(bytes)).await?;
        Ok(more)
    }

    /// Takes down that what the account uploaded before it uploaded now as well; gives which that are.
    async fn refresh(
        &self,
        session: &mut ClientSession,
        owner: &AccountName,
        uploads: &BTreeMap<Digest, u64>,
        at_ms: i64,
    ) -> MongoResult<HashSet<Digest>> {
        let keys: Vec<_> = uploads.keys().map(|blob| key(owner, *blob)).collect();
        let which = doc! { "_id": { "$in": keys } };
        let mut found = self.collection::<StoredUpload>(UPLOADS).find(which.clone()).session(&mut *session).await?;
        let mut known = HashSet::new();
        while let Some(upload) = found.next(session).await.transpose()? {
            known.insert(upload.sha256()?);
        }
        if !known.is_empty() {
            let now = doc! { "$set": { "at_ms": at_ms } };
            self.documents(UPLOADS).update_many(which, now).session(session).await?;
        }
        Ok(known)
    }

    async fn forget_in(&self, session: &mut ClientSession, old: Document) -> MongoResult<()> {
        let uploads = self.collection::<StoredUpload>(UPLOADS);
        let mut found = uploads.find(old.clone()).session(&mut *session).await?;
        let mut gone = Vec::new();
        while let Some(upload) = found.next(session).await.transpose()? {
            gone.push(upload);
        }
        uploads.delete_many(old).session(&mut *session).await?;
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
            let runs = artifacts.distinct("run", which.clone()).await?;
            let runs = doc! { "_id": { "$in": runs }, "pipeline": pipeline.as_str() };
            let runs = self.documents(RUNS).distinct("_id", runs).await?;
            which.insert("run", doc! { "$in": runs });
        }
        digests(artifacts.distinct("sha256", which).await?)
    }
}

impl StoredUpload {
    pub(crate) fn of(owner: &AccountName, (blob, size): (Digest, u64), at_ms: i64) -> Result<Self, StoreError> {
        let key = UploadKey { owner: owner.to_string(), sha256: blob.to_string() };
        Ok(Self { key, size: signed(size)?, at_ms })
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
