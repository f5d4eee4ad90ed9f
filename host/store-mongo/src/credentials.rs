//! By what people sign in. Whatever opens sessions of an account or ends them writes to its document, so that one
//! waits for the other.

use async_trait::async_trait;
use futures_util::FutureExt as _;
use jiff::Timestamp;
use mongodb::ClientSession;
use mongodb::bson::{Bson, Document, doc};
use serde::{Deserialize, Serialize};
use simulay_model::{Account, AccountName, Identity, Token, TokenKind};
use simulay_store::{Credentials, MAX_SESSIONS, StoreError};

use crate::accounts::{found, revoked};
use crate::failure::{Failure, MongoResult};
use crate::people::{StoredAccount, StoredToken, parsed};
use crate::schema::{ACCOUNTS, ASCENDING, IDENTITIES, TOKENS};
use crate::store::MongoStore;

/// Whom a provider of identities knows, and as what account.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct StoredIdentity {
    #[serde(rename = "_id")]
    pub(crate) known: Known,
    pub(crate) account: String,
}

/// By whom, and as whom.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Known {
    pub(crate) issuer: String,
    pub(crate) subject: String,
}

#[async_trait]
impl Credentials for MongoStore {
    async fn set_password(
        &self,
        account: &AccountName,
        hash: String,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        self.transaction((self, account, hash, at), |session, (store, account, hash, at)| {
            store.replace_password(session, account, hash, *at).boxed()
        })
        .await
    }

    async fn password(&self, account: &AccountName) -> Result<Option<String>, StoreError> {
        let accounts = self.collection::<StoredAccount>(ACCOUNTS);
        self.bounded(async {
            let found = accounts.find_one(doc! { "_id": account.as_str() }).await?;
            Ok(found.and_then(|account| account.password))
        })
        .await
    }

    async fn open_session(&self, new: Token, password: Option<String>) -> Result<(), StoreError> {
        self.transaction((self, new, password), |session, (store, new, password)| {
            store.open_while_valid(session, new, password.as_deref()).boxed()
        })
        .await
    }

    async fn linked(&self, identity: &Identity) -> Result<Option<Account>, StoreError> {
        let (identities, which) = (self.collection::<StoredIdentity>(IDENTITIES), key(identity));
        let linked = self.bounded(async { Ok(identities.find_one(which).await?) }).await?;
        let Some(linked) = linked else { return Ok(None) };
        simulay_store::Accounts::account(self, &parsed("account", &linked.account)?).await
    }

    async fn link(&self, account: &AccountName, identity: &Identity) -> Result<(), StoreError> {
        self.bounded(async {
            let accounts = self.collection::<StoredAccount>(ACCOUNTS);
            if accounts.find_one(doc! { "_id": account.as_str() }).await?.is_none() {
                return Err(StoreError::NotFound.into());
            }
            let set = doc! { "$set": { "account": account.as_str() } };
            self.documents(IDENTITIES).update_one(key(identity), set).upsert(true).await?;
            Ok(())
        })
        .await
    }

    async fn add_linked(&self, account: Account, identity: &Identity) -> Result<(), StoreError> {
        let (new, linked) = (StoredAccount::from(&account), StoredIdentity::of(&account.name, identity));
        let added = self.transaction((self, new, linked), |session, (store, new, linked)| {
            store.add_both(session, new, linked).boxed()
        });
        added.await
    }
}

impl MongoStore {
    async fn replace_password(
        &self,
        session: &mut ClientSession,
        account: &AccountName,
        hash: &str,
        at: Timestamp,
    ) -> MongoResult<()> {
        let (accounts, set) = (self.documents(ACCOUNTS), doc! { "$set": { "password": hash } });
        let changed =
            accounts.update_one(doc! { "_id": account.as_str() }, set).session(&mut *session).await?;
        found(changed.matched_count)?;
        self.documents(TOKENS).update_many(sessions_of(account), revoked(at)).session(session).await?;
        Ok(())
    }

    async fn open_while_valid(
        &self,
        session: &mut ClientSession,
        new: &Token,
        password: Option<&str>,
    ) -> MongoResult<()> {
        let mut account = doc! { "_id": new.account.as_str() };
        if let Some(password) = password {
            account.insert("password", password);
        }
        self.hold_valid(session, ACCOUNTS, account).await?;
        if let Some(parent) = new.parent {
            self.hold_valid(session, TOKENS, doc! { "_id": parent.to_string() }).await?;
        }
        self.make_room_for(session, new).await?;
        self.collection(TOKENS).insert_one(StoredToken::from(new)).session(session).await?;
        Ok(())
    }

    async fn add_both(
        &self,
        session: &mut ClientSession,
        new: &StoredAccount,
        linked: &StoredIdentity,
    ) -> MongoResult<()> {
        let taken = |error| Failure::from(error).on_duplicate(StoreError::NameTaken);
        let accounts = self.collection::<StoredAccount>(ACCOUNTS);
        accounts.insert_one(new).session(&mut *session).await.map_err(taken)?;
        let identities = self.collection::<StoredIdentity>(IDENTITIES);
        identities.insert_one(linked).session(session).await.map_err(taken)?;
        Ok(())
    }

    /// Writes to a document that is there and not revoked: whoever revokes it waits, or was first.
    async fn hold_valid(
        &self,
        session: &mut ClientSession,
        collection: &str,
        mut which: Document,
    ) -> MongoResult<()> {
        which.insert("revoked_at", Bson::Null);
        let (documents, held) = (self.documents(collection), doc! { "$inc": { "sessions": 1_i64 } });
        found(documents.update_one(which, held).session(session).await?.matched_count)
    }

    /// Lets go of sessions of the account that are over, and of the oldest above the bound.
    async fn make_room_for(&self, session: &mut ClientSession, new: &Token) -> MongoResult<()> {
        let tokens = self.collection::<StoredToken>(TOKENS);
        let order = doc! { "_id": ASCENDING };
        let mut open = tokens.find(sessions_of(&new.account)).sort(order).session(&mut *session).await?;
        let (mut over, mut valid) = (Vec::new(), Vec::new());
        while let Some(stored) = open.next(session).await.transpose()? {
            let id = stored.id.clone();
            let is_valid = Token::try_from(stored)?.is_valid(new.created_at);
            if is_valid { valid.push(id) } else { over.push(id) }
        }
        let above = (valid.len() + 1).saturating_sub(usize::from(MAX_SESSIONS));
        over.extend(valid.into_iter().take(above));
        self.forget_tokens(session, over).await
    }
}

impl StoredIdentity {
    pub(crate) fn of(account: &AccountName, identity: &Identity) -> Self {
        let Identity { issuer, subject } = identity.clone();
        Self { known: Known { issuer, subject }, account: account.to_string() }
    }
}

/// The identity as it is found.
fn key(identity: &Identity) -> Document {
    doc! { "_id": { "issuer": &identity.issuer, "subject": &identity.subject } }
}

fn sessions_of(account: &AccountName) -> Document {
    doc! { "account": account.as_str(), "kind": TokenKind::Session.as_str() }
}
