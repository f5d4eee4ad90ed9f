//! Who uploaded which bytes.

use std::collections::HashSet;
use std::time::Duration;

use async_trait::async_trait;
use rusqlite::params;
use simulay_model::{AccountName, Digest, OwnerFilter};
use simulay_store::{StoreError, Uploads};

use crate::filter::Filter;
use crate::rows::parsed;
use crate::store::SqliteStore;

/// A statement of its own, so that it has its index: it must not take longer the more others have the same bytes.
const NAMEABLE: &str =
    "SELECT :within IS NULL AND EXISTS (SELECT 1 FROM uploads WHERE sha256 = :blob AND owner = :owner)
    OR EXISTS (SELECT 1 FROM artifacts WHERE sha256 = :blob AND owner = :owner
        AND (:within IS NULL OR run = :within)
        AND (:pipeline IS NULL OR (SELECT pipeline FROM runs WHERE id = run) = :pipeline))";
const NAMEABLE_BY_ANY: &str = "SELECT :owner IS NULL
    AND (:within IS NULL AND EXISTS (SELECT 1 FROM uploads WHERE sha256 = :blob)
        OR EXISTS (SELECT 1 FROM artifacts WHERE sha256 = :blob
            AND (:within IS NULL OR run = :within)
            AND (:pipeline IS NULL OR (SELECT pipeline FROM runs WHERE id = run) = :pipeline)))";

#[async_trait]
impl Uploads for SqliteStore {
    async fn record(&self, owner: &AccountName, blobs: Vec<Digest>) -> Result<(), StoreError> {
        let (owner, at) = (owner.to_string(), self.observed.millis());
        self.write("uploads.record", move |connection| {
            let sql = "INSERT INTO uploads (sha256, owner, at_ms) VALUES (?1, ?2, ?3)
                 ON CONFLICT (sha256, owner) DO UPDATE SET at_ms = ?3";
            let mut statement = connection.prepare_cached(sql)?;
            blobs.iter().try_for_each(|blob| {
                statement.execute(params![blob.to_string(), owner, at])?;
                Ok(())
            })
        })
        .await
    }

    async fn nameable(&self, owner: &OwnerFilter, blobs: Vec<Digest>) -> Result<HashSet<Digest>, StoreError> {
        let filter = Filter::from(owner);
        self.read(move |connection| {
            let sql = if filter.owner.is_some() { NAMEABLE } else { NAMEABLE_BY_ANY };
            let mut statement = connection.prepare_cached(sql)?;
            let mut nameable = HashSet::new();
            for blob in blobs {
                let sha256 = blob.to_string();
                if statement.query_row(&*filter.and(&[(":blob", &sha256)]), |row| row.get(0))? {
                    nameable.insert(blob);
                }
            }
            Ok(nameable)
        })
        .await
    }

    async fn older(&self, age: Duration) -> Result<HashSet<Digest>, StoreError> {
        let before = self.observed.before(age);
        self.read(move |connection| {
            let sql = "SELECT sha256 FROM uploads WHERE at_ms <= ?1";
            let mut statement = connection.prepare_cached(sql)?;
            let rows = statement.query_and_then([before], |row| parsed(row, "sha256"))?;
            rows.collect()
        })
        .await
    }

    async fn forget_uploads(&self, blobs: Vec<Digest>, age: Duration) -> Result<(), StoreError> {
        let before = self.observed.before(age);
        self.write_at_last("uploads.forget", move |connection| {
            let mut statement =
                connection.prepare_cached("DELETE FROM uploads WHERE sha256 = ?1 AND at_ms <= ?2")?;
            blobs.iter().try_for_each(|blob| {
                statement.execute(params![blob.to_string(), before])?;
                Ok(())
            })
        })
        .await
    }
}
