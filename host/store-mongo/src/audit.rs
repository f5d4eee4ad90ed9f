//! The audit log, which several hosts append to at once.
//!
//! # How
//! A record is a document whose `_id` is its number. Whoever appends reads the last one, seals his records with it and
//! inserts them with the numbers that follow; of two hosts that do so at once the unique `_id` refuses one, which then
//! begins anew on what is stored by then. So there is no gap and no fork, and nobody waits for a lock of another host.
//! Those of one host that append at the same time are put in together.
//!
//! # What is promised, and what is not
//! An acknowledged record is in the journals of most servers, and no fail-over takes it back; an append that failed may
//! have been stored nevertheless. This program inserts and reads and does nothing else with the collection, but MongoDB
//! keeps nobody from changing it who has the right to: give the hosts' user a role of `find`, `insert` and `createIndex`
//! on `audit` alone, and keep the head of the log elsewhere. Whoever edits a record then is found out by its hash,
//! whoever removes the last ones by the head.

use std::mem;

use async_trait::async_trait;
use futures_util::TryStreamExt as _;
use jiff::Timestamp;
use mongodb::Collection;
use mongodb::bson::{Bson, Document, doc};
use mongodb::error::{Error, ErrorKind};
use simulay_model::{AuditEntry, AuditHead, AuditRecord};
use simulay_store::{Audit, AuditQuery, AuditStart, StoreError};
use tokio::sync::oneshot;

use crate::appending::Waiting;
use crate::failure::{DUPLICATE_KEY, Failure, bounded};
use crate::schema::{ASCENDING, AUDIT, DESCENDING};
use crate::store::MongoStore;

#[async_trait]
impl Audit for MongoStore {
    async fn append(&self, at: Timestamp, entry: AuditEntry) -> Result<AuditHead, StoreError> {
        let (answer, answered) = oneshot::channel();
        self.appending.waiting.lock().push(Waiting { at, entry, answer });
        let turn = self.appending.turns.lock().await;
        let waiting = mem::take(&mut *self.appending.waiting.lock());
        if !waiting.is_empty() {
            // On its own: others wait for it, whoever goes away. How it ended, each is told.
            let _ = tokio::spawn(append(self.documents(AUDIT), waiting)).await;
        }
        drop(turn);
        answered.await.map_err(|error| StoreError::Failed(error.into()))?
    }

    async fn page(&self, query: AuditQuery) -> Result<Vec<AuditRecord>, StoreError> {
        let order = if query.start == AuditStart::Latest { DESCENDING } else { ASCENDING };
        let log = self.documents(AUDIT);
        self.bounded(async {
            let found = log.find(filter(&query)).sort(doc! { "_id": order }).limit(query.limit.into());
            let found: Vec<_> = found.await?.try_collect().await?;
            let mut records: Vec<_> = found.iter().map(record).collect();
            if query.start == AuditStart::Latest {
                records.reverse();
            }
            Ok(records)
        })
        .await
    }

    async fn head(&self) -> Result<Option<AuditHead>, StoreError> {
        self.bounded(async { Ok(head(&self.documents(AUDIT)).await?) }).await
    }
}

/// Puts records at the end of the log, and tells each who waits.
async fn append(log: Collection<Document>, mut waiting: Vec<Waiting>) {
    while !waiting.is_empty() {
        match bounded(append_some(&log, &waiting)).await {
            Ok(heads) => {
                let rest = waiting.split_off(heads.len());
                for (waiting, head) in mem::replace(&mut waiting, rest).into_iter().zip(heads) {
                    // Whoever went away is not told; the record stands.
                    let _ = waiting.answer.send(Ok(head));
                }
            }
            Err(error) => {
                for waiting in waiting.drain(..) {
                    let _ = waiting.answer.send(Err(Failure::from(error.clone()).into()));
                }
            }
        }
    }
}

/// Puts the first of them in, as many as no other host was before.
async fn append_some(log: &Collection<Document>, waiting: &[Waiting]) -> Result<Vec<AuditHead>, Error> {
    let mut head = head(log).await?;
    let (mut heads, mut documents) = (Vec::new(), Vec::new());
    for Waiting { at, entry, .. } in waiting {
        let record = AuditRecord::seal(*at, entry, head.as_ref());
        documents.push(document(&record));
        heads.push(record.head());
        head = Some(record.head());
    }
    if let Err(error) = log.insert_many(documents).await {
        heads.truncate(before_others(&error).ok_or(error)?);
    }
    Ok(heads)
}

/// How many were put in before the number of the next was taken; none when that was not why it failed.
fn before_others(error: &Error) -> Option<usize> {
    let ErrorKind::InsertMany(many) = &*error.kind else { return None };
    let first = many.write_errors.as_ref()?.first()?;
    (first.code == DUPLICATE_KEY && many.write_concern_error.is_none()).then_some(first.index)
}

async fn head(log: &Collection<Document>) -> Result<Option<AuditHead>, Error> {
    let last = log.find_one(doc! {}).sort(doc! { "_id": DESCENDING }).await?;
    Ok(last.as_ref().map(|last| record(last).head()))
}

fn filter(query: &AuditQuery) -> Document {
    let mut filter = Document::new();
    if let AuditStart::After(after) = query.start {
        // There is nothing after the largest number of BSON.
        filter.insert("_id", doc! { "$gt": i64::try_from(after).unwrap_or(i64::MAX) });
    }
    if let Some(account) = &query.account {
        filter.insert("account", account.as_str());
    }
    if let Some(action) = &query.action {
        filter.insert("action", action);
    }
    if let Some(since) = query.since {
        filter.insert("at", doc! { "$gte": AuditRecord::time(since) });
    }
    filter
}

/// A record as it is stored; its hash is of the record, and of nothing of this form.
pub(crate) fn document(record: &AuditRecord) -> Document {
    doc! {
        "_id": i64::try_from(record.sequence).unwrap_or(i64::MAX),
        "format": i64::from(record.format),
        "at": &record.at,
        "account": &record.account,
        "role": &record.role,
        "via": &record.via,
        "request": &record.request,
        "action": &record.action,
        "subject": &record.subject,
        "result": &record.result,
        "problem": &record.problem,
        "detail": &record.detail,
        "previous": &record.previous,
        "hash": &record.hash,
    }
}

/// Reads what is there, whoever wrote it: that it is what was recorded, its hash has to tell.
pub(crate) fn record(document: &Document) -> AuditRecord {
    let known = |field| text(document, field).unwrap_or_default();
    AuditRecord {
        format: number(document, "format"),
        sequence: number(document, "_id"),
        at: known("at"),
        account: text(document, "account"),
        role: text(document, "role"),
        via: known("via"),
        request: text(document, "request"),
        action: known("action"),
        subject: text(document, "subject"),
        result: known("result"),
        problem: text(document, "problem"),
        detail: text(document, "detail"),
        previous: text(document, "previous"),
        hash: known("hash"),
    }
}

/// A number; nothing that is recorded has the number 0.
fn number<T: TryFrom<i64> + Default>(document: &Document, field: &str) -> T {
    T::try_from(document.get_i64(field).unwrap_or_default()).unwrap_or_default()
}

fn text(document: &Document, field: &str) -> Option<String> {
    match document.get(field)? {
        Bson::Null => None,
        Bson::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}
