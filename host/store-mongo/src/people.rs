//! Accounts and tokens as they are stored: names, ids and times as texts.

use std::fmt::Display;
use std::str::FromStr;

use mongodb::bson::{Document, doc};
use serde::{Deserialize, Serialize};
use simulay_model::{Account, PluginName, Role, Scope, Token};
use simulay_store::StoreError;

use crate::schema::ACCOUNTS;

/// An account. Of a password there is its hash only.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct StoredAccount {
    #[serde(rename = "_id")]
    pub(crate) name: String,
    pub(crate) role: String,
    pub(crate) created_at: String,
    pub(crate) revoked_at: Option<String>,
    pub(crate) password: Option<String>,
}

impl From<&Account> for StoredAccount {
    fn from(account: &Account) -> Self {
        Self {
            name: account.name.to_string(),
            role: account.role.as_str().to_owned(),
            created_at: account.created_at.to_string(),
            revoked_at: account.revoked_at.map(|at| at.to_string()),
            password: None,
        }
    }
}

impl TryFrom<StoredAccount> for Account {
    type Error = StoreError;

    fn try_from(stored: StoredAccount) -> Result<Self, StoreError> {
        Ok(Self {
            name: parsed("account", &stored.name)?,
            role: parsed("role", &stored.role)?,
            created_at: parsed("created_at", &stored.created_at)?,
            revoked_at: optional("revoked_at", stored.revoked_at.as_deref())?,
        })
    }
}

/// A token. Of a secret there is its digest only.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct StoredToken {
    #[serde(rename = "_id")]
    pub(crate) id: String,
    kind: String,
    parent: Option<String>,
    account: String,
    label: String,
    sha256: String,
    role: Option<String>,
    pipeline: Option<String>,
    run: Option<String>,
    created_at: String,
    expires_at: Option<String>,
    revoked_at: Option<String>,
    last_used_at: Option<String>,
}

impl From<&Token> for StoredToken {
    fn from(token: &Token) -> Self {
        Self {
            id: token.id.to_string(),
            kind: token.kind.as_str().to_owned(),
            parent: token.parent.map(|id| id.to_string()),
            account: token.account.to_string(),
            label: token.label.clone(),
            sha256: token.sha256.to_string(),
            role: token.role.map(|role| role.as_str().to_owned()),
            pipeline: token.scope.pipeline().map(PluginName::to_string),
            run: token.scope.run().map(|run| run.to_string()),
            created_at: token.created_at.to_string(),
            expires_at: token.expires_at.map(|at| at.to_string()),
            revoked_at: token.revoked_at.map(|at| at.to_string()),
            last_used_at: token.last_used_at.map(|at| at.to_string()),
        }
    }
}

impl TryFrom<StoredToken> for Token {
    type Error = StoreError;

    fn try_from(stored: StoredToken) -> Result<Self, StoreError> {
        let scope = scope(stored.pipeline.as_deref(), stored.run.as_deref())?;
        Ok(Self {
            id: parsed("_id", &stored.id)?,
            kind: parsed("kind", &stored.kind)?,
            parent: optional("parent", stored.parent.as_deref())?,
            account: parsed("account", &stored.account)?,
            label: stored.label,
            sha256: parsed("sha256", &stored.sha256)?,
            role: optional::<Role>("role", stored.role.as_deref())?,
            scope,
            created_at: parsed("created_at", &stored.created_at)?,
            expires_at: optional("expires_at", stored.expires_at.as_deref())?,
            revoked_at: optional("revoked_at", stored.revoked_at.as_deref())?,
            last_used_at: optional("last_used_at", stored.last_used_at.as_deref())?,
        })
    }
}

fn scope(pipeline: Option<&str>, run: Option<&str>) -> Result<Scope, StoreError> {
    match (pipeline, run) {
        (None, None) => Ok(Scope::All),
        (Some(pipeline), None) => Ok(Scope::Pipeline(parsed("pipeline", pipeline)?)),
        (None, Some(run)) => Ok(Scope::Run(parsed("run", run)?)),
        (Some(_), Some(_)) => Err(StoreError::Corrupt("a token is for a pipeline and for a run".into())),
    }
}

/// A token and the account that it is of, read at once.
#[derive(Debug, Deserialize)]
pub(crate) struct TokenOfAccount {
    token: StoredToken,
    accounts: Vec<StoredAccount>,
}

impl TokenOfAccount {
    /// What gives those of the tokens that are asked for.
    pub(crate) fn by(which: Document) -> [Document; 4] {
        [
            doc! { "$match": which },
            doc! { "$limit": 1 },
            doc! { "$project": { "_id": 0, "token": "$$ROOT" } },
            doc! { "$lookup": {
                "from": ACCOUNTS, "localField": "token.account", "foreignField": "_id", "as": "accounts",
            } },
        ]
    }

    pub(crate) fn restore(self) -> Result<(Token, Account), StoreError> {
        let missing = || StoreError::Corrupt("a token is of an account that is not there".into());
        let account = self.accounts.into_iter().next().ok_or_else(missing)?;
        Ok((self.token.try_into()?, account.try_into()?))
    }
}

/// What the text of a field says.
pub(crate) fn parsed<T: FromStr<Err: Display>>(field: &str, text: &str) -> Result<T, StoreError> {
    text.parse().map_err(|error| StoreError::Corrupt(format!("field `{field}`: {error}").into()))
}

/// What the text of a field says that may be absent.
pub(crate) fn optional<T: FromStr<Err: Display>>(
    field: &str,
    text: Option<&str>,
) -> Result<Option<T>, StoreError> {
    text.map(|text| parsed(field, text)).transpose()
}
