//! Accounts and tokens. No account is ever removed: whoever found one may write what names it.

use async_trait::async_trait;
use futures_util::{FutureExt as _, TryStreamExt as _};
use jiff::Timestamp;
use mongodb::ClientSession;
use mongodb::bson::{Bson, Document, doc};
use simulay_model::{Account, AccountName, Digest, Role, Token, TokenId};
use simulay_store::{Accounts, StoreError};

use crate::failure::{Failure, MongoResult};
use crate::people::{StoredAccount, StoredToken, TokenOfAccount};
use crate::schema::{ACCOUNTS, ASCENDING, TOKENS};
use crate::store::MongoStore;

#[async_trait]
impl Accounts for MongoStore {
    async fn add_account(&self, account: Account) -> Result<(), StoreError> {
        let accounts = self.collection::<StoredAccount>(ACCOUNTS);
        self.bounded(async {
            let added = accounts.insert_one(StoredAccount::from(&account)).await.map_err(Failure::from);
            added.map(drop).map_err(|failure| failure.on_duplicate(StoreError::NameTaken))
        })
        .await
    }

    async fn set_role(&self, account: &AccountName, role: Role) -> Result<(), StoreError> {
        self.set_account(account, doc! { "role": role.as_str() }).await
    }

    async fn set_revoked(&self, account: &AccountName, at: Option<Timestamp>) -> Result<(), StoreError> {
        self.set_account(account, doc! { "revoked_at": at.map(|at| at.to_string()) }).await
    }

    async fn account(&self, name: &AccountName) -> Result<Option<Account>, StoreError> {
        let accounts = self.collection::<StoredAccount>(ACCOUNTS);
        self.bounded(async {
            let found = accounts.find_one(doc! { "_id": name.as_str() }).await?;
            Ok(found.map(Account::try_from).transpose()?)
        })
        .await
    }

    async fn accounts(&self) -> Result<Vec<Account>, StoreError> {
        let accounts = self.collection::<StoredAccount>(ACCOUNTS);
        self.bounded(async {
            let found = accounts.find(doc! {}).sort(doc! { "_id": ASCENDING }).await?;
            let found: Vec<_> = found.try_collect().await?;
            Ok(found.into_iter().map(Account::try_from).collect::<Result<_, _>>()?)
        })
        .await
    }

    async fn add_token(&self, token: Token) -> Result<(), StoreError> {
        self.bounded(async {
            let owner = doc! { "_id": token.account.as_str() };
            if self.collection::<StoredAccount>(ACCOUNTS).find_one(owner).await?.is_none() {
                return Err(StoreError::NotFound.into());
            }
            self.collection(TOKENS).insert_one(StoredToken::from(&token)).await?;
            Ok(())
        })
        .await
    }

    async fn token(&self, sha256: Digest) -> Result<Option<(Token, Account)>, StoreError> {
        let tokens = self.collection::<Document>(TOKENS);
        self.bounded(async {
            let found = tokens.aggregate(TokenOfAccount::by(doc! { "sha256": sha256.to_string() }));
            let found = found.with_type::<TokenOfAccount>().await?.try_next().await?;
            Ok(found.map(TokenOfAccount::restore).transpose()?)
        })
        .await
    }

    async fn tokens(&self, account: Option<&AccountName>) -> Result<Vec<Token>, StoreError> {
        self.tokens_that(account.map_or(doc! {}, |account| doc! { "account": account.as_str() })).await
    }

    async fn revoke(&self, token: TokenId, at: Timestamp) -> Result<(), StoreError> {
        let token = token.to_string();
        self.transaction((self, token, at), |session, (store, token, at)| {
            store.revoke_with_sessions(session, token, *at).boxed()
        })
        .await
    }

    async fn used(&self, token: TokenId, at: Timestamp) -> Result<(), StoreError> {
        let (which, used) = (doc! { "_id": token.to_string() }, doc! { "last_used_at": at.to_string() });
        let tokens = self.collection::<Document>(TOKENS);
        self.bounded(async { found(tokens.update_one(which, doc! { "$set": used }).await?.matched_count) })
            .await
    }
}

impl MongoStore {
    async fn set_account(&self, account: &AccountName, values: Document) -> Result<(), StoreError> {
        let accounts = self.collection::<Document>(ACCOUNTS);
        self.bounded(async {
            let which = doc! { "_id": account.as_str() };
            found(accounts.update_one(which, doc! { "$set": values }).await?.matched_count)
        })
        .await
    }

    /// Tokens, from the oldest.
    pub(crate) async fn tokens_that(&self, which: Document) -> Result<Vec<Token>, StoreError> {
        let tokens = self.collection::<StoredToken>(TOKENS);
        self.bounded(async {
            let found: Vec<_> =
                tokens.find(which).sort(doc! { "_id": ASCENDING }).await?.try_collect().await?;
            Ok(found.into_iter().map(Token::try_from).collect::<Result<_, _>>()?)
        })
        .await
    }

    /// Removes tokens.
    pub(crate) async fn forget_tokens(
        &self,
        session: &mut ClientSession,
        over: Vec<String>,
    ) -> MongoResult<()> {
        if !over.is_empty() {
            let which = doc! { "_id": { "$in": over } };
            self.documents(TOKENS).delete_many(which).session(session).await?;
        }
        Ok(())
    }

    /// Whoever opens a session by the token at the same time writes to the token as well: one of both waits.
    async fn revoke_with_sessions(
        &self,
        session: &mut ClientSession,
        token: &str,
        at: Timestamp,
    ) -> MongoResult<()> {
        let tokens = self.documents(TOKENS);
        let shown = tokens.update_one(doc! { "_id": token }, revoked(at)).session(&mut *session).await?;
        found(shown.matched_count)?;
        tokens.update_many(doc! { "parent": token }, revoked(at)).session(session).await?;
        Ok(())
    }
}

/// Says since when a token is revoked, unless that was said before.
pub(crate) fn revoked(at: Timestamp) -> Vec<Document> {
    let at = Bson::from(at.to_string());
    vec![doc! { "$set": { "revoked_at": { "$ifNull": ["$revoked_at", at] } } }]
}

pub(crate) fn found(documents: u64) -> MongoResult<()> {
    if documents > 0 { Ok(()) } else { Err(StoreError::NotFound.into()) }
}
