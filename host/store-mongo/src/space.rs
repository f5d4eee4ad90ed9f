//! How much room the server has for records.

use std::time::Duration;

use async_trait::async_trait;
use mongodb::bson::{Document, doc};
use simulay_store::{Space, StoreError};
use tokio::time::Instant;

use crate::store::MongoStore;

/// The server may go through all it has to tell, and is asked before all that is stored.
const HOLDS: Duration = Duration::from_secs(5);

#[async_trait]
impl Space for MongoStore {
    /// As the server tells, at most a few seconds ago; one that does not tell is left to say by itself when it is full.
    async fn free(&self) -> Result<u64, StoreError> {
        // Held while it is asked: whoever comes meanwhile gets the same answer.
        let mut last = self.room.lock().await;
        if let Some((_, free)) = last.filter(|(at, _)| at.elapsed() < HOLDS) {
            return Ok(free);
        }
        let told =
            self.bounded(async { Ok(self.database.run_command(doc! { "dbStats": 1 }).await?) }).await?;
        let free = free(&told).unwrap_or(u64::MAX);
        *last = Some((Instant::now(), free));
        Ok(free)
    }
}

/// Bytes that are free in the server's file system.
fn free(told: &Document) -> Option<u64> {
    let bytes = |field| {
        told.get(field).and_then(|value| value.as_f64().or_else(|| value.as_i64().map(|it| it as f64)))
    };
    let free = bytes("fsTotalSize")? - bytes("fsUsedSize")?;
    (free >= 0.0).then_some(free as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_free_is_told_where_the_server_tells() {
        assert_eq!(free(&doc! { "fsTotalSize": 100.0, "fsUsedSize": 40.0 }), Some(60));
        assert_eq!(free(&doc! { "fsTotalSize": 100_i64, "fsUsedSize": 40.0 }), Some(60));
        assert_eq!(free(&doc! { "fsTotalSize": 0.0 }), None);
    }
}
