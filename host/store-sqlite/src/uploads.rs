//! Who uploaded which bytes.

use std::collections::HashSet;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use rusqlite::{Connection, params};
use simulay_model::{AccountName, Digest, OwnerFilter, PresentUse, Quotas, Usage};
use simulay_store::{StoreError, Upload, Uploads};

use crate::failure::SqlResult;
use crate::filter::Filter;
use crate::metering;
use crate::rows::{parsed, signed};
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
    async fn record(
        &self,
        owner: &AccountName,
        uploads: Vec<Upload>,
        quotas: &Quotas,
    ) -> Result<(), StoreError> {
        let recording =
            Recording { owner: owner.clone(), observed: self.observed.millis(), now: self.clock.now() };
        let quotas = quotas.clone();
        self.write("uploads.record", move |connection| recording.record(connection, &uploads, &quotas)).await
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

/// Takes down what an account uploaded, and when that was.
struct Recording {
    owner: AccountName,
    observed: i64,
    now: Timestamp,
}

impl Recording {
    fn record(&self, connection: &Connection, uploads: &[Upload], quotas: &Quotas) -> SqlResult<()> {
        let before = (!quotas.is_empty()).then(|| self.present_use(connection)).transpose()?;
        let mut new = 0;
        for upload in uploads {
            if !self.refresh(connection, upload.sha256)? {
                insert(connection, &self.owner, upload, self.observed)?;
                new += upload.size;
            }
        }
        metering::count(connection, &self.owner, self.now, Usage::of_upload(new))?;
        before.map_or(Ok(()), |before| self.hold(connection, quotas, &before))
    }

    /// Bytes that the account kept before take no more room.
    fn hold(&self, connection: &Connection, quotas: &Quotas, before: &PresentUse) -> SqlResult<()> {
        let more = self.present_use(connection)?.stored_bytes.saturating_sub(before.stored_bytes);
        if more > 0 {
            quotas.admit_upload(before, more, self.now).map_err(StoreError::from)?;
        }
        Ok(())
    }

    fn present_use(&self, connection: &Connection) -> SqlResult<PresentUse> {
        metering::present_use(connection, &self.owner, self.now)
    }

    /// True when the account uploaded it before, as it did now.
    fn refresh(&self, connection: &Connection, blob: Digest) -> SqlResult<bool> {
        let sql = "UPDATE uploads SET at_ms = ?3 WHERE sha256 = ?1 AND owner = ?2";
        let values = params![blob.to_string(), self.owner.as_str(), self.observed];
        Ok(connection.prepare_cached(sql)?.execute(values)? > 0)
    }
}

/// Takes down an upload at a moment of the time observed.
pub(crate) fn insert(
    connection: &Connection,
    owner: &AccountName,
    upload: &Upload,
    at: i64,
) -> SqlResult<()> {
    let sql = "INSERT INTO uploads (sha256, owner, at_ms, size) VALUES (?1, ?2, ?3, ?4)";
    let Upload { sha256, size } = upload;
    let values = params![sha256.to_string(), owner.as_str(), at, signed(*size)?];
    connection.prepare_cached(sql)?.execute(values)?;
    Ok(())
}
