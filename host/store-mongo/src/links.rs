//! Links to runs. Whoever adds one writes to the document of its run, so that those who add, and whoever deletes the
//! run, wait for each other.

use async_trait::async_trait;
use futures_util::FutureExt as _;
use jiff::Timestamp;
use mongodb::ClientSession;
use mongodb::bson::doc;
use simulay_model::{OwnerFilter, RunId, Token, TokenId};
use simulay_store::{LinkAdded, Links, StoreError};

use crate::accounts::{found, revoked};
use crate::failure::MongoResult;
use crate::people::StoredToken;
use crate::schema::{ACCOUNTS, RUNS, TOKENS};
use crate::store::MongoStore;

#[async_trait]
impl Links for MongoStore {
    async fn add_link(&self, link: Token, most: usize) -> Result<LinkAdded, StoreError> {
        let run = link.scope.run().ok_or(StoreError::NotFound)?;
        self.transaction((self, run, link, most), |session, (store, run, link, most)| {
            store.add_bounded(session, *run, link, *most).boxed()
        })
        .await
    }

    async fn links(&self, owner: &OwnerFilter, run: RunId) -> Result<Vec<Token>, StoreError> {
        if !self.bounded(self.is_found(owner, run)).await? {
            return Ok(Vec::new());
        }
        self.tokens_that(doc! { "run": run.to_string() }).await
    }

    async fn revoke_link(
        &self,
        owner: &OwnerFilter,
        run: RunId,
        link: TokenId,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        if !self.bounded(self.is_found(owner, run)).await? {
            return Err(StoreError::NotFound);
        }
        let which = doc! { "_id": link.to_string(), "run": run.to_string() };
        let tokens = self.documents(TOKENS);
        self.bounded(async { found(tokens.update_one(which, revoked(at)).await?.matched_count) }).await
    }
}

impl MongoStore {
    async fn add_bounded(
        &self,
        session: &mut ClientSession,
        run: RunId,
        link: &Token,
        most: usize,
    ) -> MongoResult<LinkAdded> {
        let owned = doc! { "_id": run.to_string(), "owner": link.account.as_str() };
        let (runs, held) = (self.documents(RUNS), doc! { "$inc": { "links": 1_i64 } });
        found(runs.update_one(owned, held).session(&mut *session).await?.matched_count)?;
        if self.valid_links(session, run, link.created_at).await? >= most {
            return Ok(LinkAdded::TooMany);
        }
        let (accounts, account) = (self.documents(ACCOUNTS), doc! { "_id": link.account.as_str() });
        if accounts.find_one(account).session(&mut *session).await?.is_none() {
            return Ok(LinkAdded::NoAccount);
        }
        self.collection(TOKENS).insert_one(StoredToken::from(link)).session(session).await?;
        Ok(LinkAdded::New)
    }

    /// How many links to the run are valid `now`; the others are forgotten.
    async fn valid_links(
        &self,
        session: &mut ClientSession,
        run: RunId,
        now: Timestamp,
    ) -> MongoResult<usize> {
        let tokens = self.collection::<StoredToken>(TOKENS);
        let mut links = tokens.find(doc! { "run": run.to_string() }).session(&mut *session).await?;
        let (mut over, mut valid) = (Vec::new(), 0);
        while let Some(stored) = links.next(session).await.transpose()? {
            let id = stored.id.clone();
            if Token::try_from(stored)?.is_valid(now) { valid += 1 } else { over.push(id) }
        }
        self.forget_tokens(session, over).await?;
        Ok(valid)
    }
}
