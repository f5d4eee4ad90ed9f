//! Links to runs.

use async_trait::async_trait;
use jiff::Timestamp;
use rusqlite::{Connection, params};
use simulay_model::{OwnerFilter, RunId, Token, TokenId};
use simulay_store::{LinkAdded, Links, StoreError};

use crate::accounts::{TOKENS, found, insert, token};
use crate::failure::SqlResult;
use crate::filter::{self, Filter};
use crate::store::SqliteStore;

/// The run is found: it is `:run`.
const OF_RUN: &str = "run = :run AND EXISTS (SELECT 1 FROM runs WHERE id = :run AND";

#[async_trait]
impl Links for SqliteStore {
    async fn add_link(&self, link: Token, most: usize) -> Result<LinkAdded, StoreError> {
        self.write("link.add", move |connection| add(connection, &link, most)).await
    }

    async fn links(&self, owner: &OwnerFilter, run: RunId) -> Result<Vec<Token>, StoreError> {
        let (filter, run) = (Filter::from(owner), run.to_string());
        self.read(move |connection| {
            let sql = [TOKENS, "WHERE", OF_RUN, filter::RUNS, ") ORDER BY id"].join(" ");
            let mut statement = connection.prepare_cached(&sql)?;
            let rows = statement.query_and_then(&*filter.and(&[(":run", &run)]), token)?;
            rows.collect()
        })
        .await
    }

    async fn revoke_link(
        &self,
        owner: &OwnerFilter,
        run: RunId,
        link: TokenId,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let (filter, key) = (Filter::from(owner), [run.to_string(), link.to_string(), at.to_string()]);
        self.write_at_last("link.revoke", move |connection| {
            let sql = "UPDATE tokens SET revoked_at = coalesce(revoked_at, :at) WHERE id = :link AND";
            let sql = [sql, OF_RUN, filter::RUNS, ")"].join(" ");
            let [run, link, at] = &key;
            let values = filter.and(&[(":run", run), (":link", link), (":at", at)]);
            found(connection.prepare_cached(&sql)?.execute(&*values)?)
        })
        .await
    }
}

fn add(connection: &Connection, link: &Token, most: usize) -> SqlResult<LinkAdded> {
    let run = link.scope.run().ok_or(StoreError::NotFound)?.to_string();
    let owned = "SELECT 1 FROM runs WHERE id = ?1 AND owner = ?2";
    if !connection.prepare_cached(owned)?.exists(params![run, link.account.as_str()])? {
        return Err(StoreError::NotFound.into());
    }
    if valid(connection, &run, link.created_at)? >= most {
        return Ok(LinkAdded::TooMany);
    }
    Ok(if insert(connection, link)? > 0 { LinkAdded::New } else { LinkAdded::NoAccount })
}

/// How many links to the run are valid `now`; the others are forgotten.
fn valid(connection: &Connection, run: &str, now: Timestamp) -> SqlResult<usize> {
    let sql = [TOKENS, "WHERE run = ?1"].join(" ");
    let mut statement = connection.prepare_cached(&sql)?;
    let links: Vec<Token> = statement.query_and_then([run], token)?.collect::<SqlResult<_>>()?;
    let mut forget = connection.prepare_cached("DELETE FROM tokens WHERE id = ?1")?;
    let (valid, over): (Vec<_>, Vec<_>) = links.into_iter().partition(|link| link.is_valid(now));
    for link in over {
        forget.execute([link.id.to_string()])?;
    }
    Ok(valid.len())
}
