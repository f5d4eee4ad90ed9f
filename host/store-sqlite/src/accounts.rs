//! Accounts and tokens.

use async_trait::async_trait;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use simulay_model::{Account, AccountName, Digest, PluginName, Role, Scope, Token, TokenId};
use simulay_store::{Accounts, StoreError};

use crate::failure::SqlResult;
use crate::rows::{parsed, time};
use crate::store::SqliteStore;

pub(crate) const TOKENS: &str =
    "SELECT id, kind, parent, account, label, sha256, role, created_at, expires_at,
    revoked_at, last_used_at, pipeline, run FROM tokens";

#[async_trait]
impl Accounts for SqliteStore {
    async fn add_account(&self, account: Account) -> Result<(), StoreError> {
        self.write("account.add", move |connection| add_account(connection, &account)).await
    }

    async fn set_role(&self, account: &AccountName, role: Role) -> Result<(), StoreError> {
        let account = account.clone();
        self.write("account.role", move |connection| {
            let sql = "UPDATE accounts SET role = ?2 WHERE name = ?1";
            found(connection.prepare_cached(sql)?.execute([account.as_str(), role.as_str()])?)
        })
        .await
    }

    async fn set_revoked(&self, account: &AccountName, at: Option<Timestamp>) -> Result<(), StoreError> {
        let account = account.clone();
        self.write_at_last("account.revoke", move |connection| {
            let sql = "UPDATE accounts SET revoked_at = ?2 WHERE name = ?1";
            let at = at.map(|at| at.to_string());
            found(connection.prepare_cached(sql)?.execute(params![account.as_str(), at])?)
        })
        .await
    }

    async fn account(&self, name: &AccountName) -> Result<Option<Account>, StoreError> {
        let name = name.to_string();
        self.read(move |connection| {
            let sql = "SELECT name, role, created_at, revoked_at FROM accounts WHERE name = ?1";
            let mut statement = connection.prepare_cached(sql)?;
            statement.query_row([name], |row| Ok(account(row))).optional()?.transpose()
        })
        .await
    }

    async fn accounts(&self) -> Result<Vec<Account>, StoreError> {
        self.read(|connection| {
            let sql = "SELECT name, role, created_at, revoked_at FROM accounts ORDER BY name";
            let mut statement = connection.prepare_cached(sql)?;
            let rows = statement.query_and_then([], account)?;
            rows.collect()
        })
        .await
    }

    async fn add_token(&self, token: Token) -> Result<(), StoreError> {
        self.write("token.add", move |connection| found(insert(connection, &token)?)).await
    }

    async fn token(&self, sha256: Digest) -> Result<Option<(Token, Account)>, StoreError> {
        self.read(move |connection| {
            let sql =
                "SELECT tokens.*, accounts.role AS account_role, accounts.created_at AS account_created_at,
                     accounts.revoked_at AS account_revoked_at
                 FROM tokens JOIN accounts ON name = account WHERE sha256 = ?1";
            let mut statement = connection.prepare_cached(sql)?;
            let found = statement.query_row([sha256.to_string()], |row| Ok(token_and_account(row)));
            found.optional()?.transpose()
        })
        .await
    }

    async fn tokens(&self, account: Option<&AccountName>) -> Result<Vec<Token>, StoreError> {
        let account = account.map(AccountName::to_string);
        self.read(move |connection| {
            let sql = [TOKENS, "WHERE ?1 IS NULL OR account = ?1 ORDER BY id"].join(" ");
            let mut statement = connection.prepare_cached(&sql)?;
            let rows = statement.query_and_then([account], token)?;
            rows.collect()
        })
        .await
    }

    async fn revoke(&self, token: TokenId, at: Timestamp) -> Result<(), StoreError> {
        self.write_at_last("token.revoke", move |connection| {
            let (token, at) = (token.to_string(), at.to_string());
            let sql = "UPDATE tokens SET revoked_at = coalesce(revoked_at, ?2) WHERE parent = ?1";
            connection.prepare_cached(sql)?.execute([&token, &at])?;
            let sql = "UPDATE tokens SET revoked_at = coalesce(revoked_at, ?2) WHERE id = ?1";
            found(connection.prepare_cached(sql)?.execute([&token, &at])?)
        })
        .await
    }

    async fn used(&self, token: TokenId, at: Timestamp) -> Result<(), StoreError> {
        self.write("token.used", move |connection| {
            let sql = "UPDATE tokens SET last_used_at = ?2 WHERE id = ?1";
            found(connection.prepare_cached(sql)?.execute([token.to_string(), at.to_string()])?)
        })
        .await
    }
}

/// Adds an account, unless there is one of this name.
pub(crate) fn add_account(connection: &Connection, account: &Account) -> SqlResult<()> {
    let sql = "INSERT INTO accounts (name, role, created_at, revoked_at) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (name) DO NOTHING";
    let Account { name, role, created_at, revoked_at } = account;
    let revoked_at = revoked_at.map(|at| at.to_string());
    let values = params![name.as_str(), role.as_str(), created_at.to_string(), revoked_at];
    let added = connection.prepare_cached(sql)?.execute(values)?;
    if added > 0 { Ok(()) } else { Err(StoreError::NameTaken.into()) }
}

pub(crate) fn found(changed: usize) -> SqlResult<()> {
    if changed > 0 { Ok(()) } else { Err(StoreError::NotFound.into()) }
}

/// Inserts a token, if there is its account; gives the number of rows.
pub(crate) fn insert(connection: &Connection, token: &Token) -> SqlResult<usize> {
    let sql = "INSERT INTO tokens (id, account, label, sha256, role, created_at, expires_at, revoked_at,
             last_used_at, kind, parent, pipeline, run)
         SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13 FROM accounts WHERE name = ?2";
    let values = params![
        token.id.to_string(),
        token.account.as_str(),
        token.label,
        token.sha256.to_string(),
        token.role.map(Role::as_str),
        token.created_at.to_string(),
        token.expires_at.map(|at| at.to_string()),
        token.revoked_at.map(|at| at.to_string()),
        token.last_used_at.map(|at| at.to_string()),
        token.kind.as_str(),
        token.parent.map(|id| id.to_string()),
        token.scope.pipeline().map(PluginName::as_str),
        token.scope.run().map(|run| run.to_string()),
    ];
    Ok(connection.prepare_cached(sql)?.execute(values)?)
}

fn token_and_account(row: &Row<'_>) -> SqlResult<(Token, Account)> {
    let token = token(row)?;
    let name = token.account.clone();
    let account = Account {
        name,
        role: parsed(row, "account_role")?,
        created_at: parsed(row, "account_created_at")?,
        revoked_at: time(row, "account_revoked_at")?,
    };
    Ok((token, account))
}

pub(crate) fn account(row: &Row<'_>) -> SqlResult<Account> {
    Ok(Account {
        name: parsed(row, "name")?,
        role: parsed(row, "role")?,
        created_at: parsed(row, "created_at")?,
        revoked_at: time(row, "revoked_at")?,
    })
}

pub(crate) fn token(row: &Row<'_>) -> SqlResult<Token> {
    let role: Option<String> = row.get("role")?;
    let parent: Option<String> = row.get("parent")?;
    Ok(Token {
        id: parsed(row, "id")?,
        kind: parsed(row, "kind")?,
        parent: parent.map(|_| parsed(row, "parent")).transpose()?,
        account: parsed(row, "account")?,
        label: row.get("label")?,
        sha256: parsed(row, "sha256")?,
        role: role.map(|_| parsed(row, "role")).transpose()?,
        scope: scope(row)?,
        created_at: parsed(row, "created_at")?,
        expires_at: time(row, "expires_at")?,
        revoked_at: time(row, "revoked_at")?,
        last_used_at: time(row, "last_used_at")?,
    })
}

fn scope(row: &Row<'_>) -> SqlResult<Scope> {
    let (pipeline, run): (Option<String>, Option<String>) = (row.get("pipeline")?, row.get("run")?);
    match (pipeline, run) {
        (None, None) => Ok(Scope::All),
        (Some(_), None) => Ok(Scope::Pipeline(parsed(row, "pipeline")?)),
        (None, Some(_)) => Ok(Scope::Run(parsed(row, "run")?)),
        (Some(_), Some(_)) => {
            Err(StoreError::Corrupt("a token is for a pipeline and for a run".into()).into())
        }
    }
}
