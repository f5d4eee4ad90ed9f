//! Passwords, and identities elsewhere.

use async_trait::async_trait;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, params};
use simulay_model::{Account, AccountName, Identity, Token};
use simulay_store::{Credentials, MAX_SESSIONS, StoreError};

use crate::accounts::{account, add_account, found, insert};
use crate::failure::SqlResult;
use crate::store::SqliteStore;

#[async_trait]
impl Credentials for SqliteStore {
    async fn set_password(
        &self,
        account: &AccountName,
        hash: String,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let account = account.to_string();
        self.write("account.password", move |connection| {
            let sql = "UPDATE accounts SET password = ?2 WHERE name = ?1";
            found(connection.prepare_cached(sql)?.execute([&account, &hash])?)?;
            let sql = "UPDATE tokens SET revoked_at = coalesce(revoked_at, ?2)
                 WHERE account = ?1 AND kind = 'session'";
            connection.prepare_cached(sql)?.execute([&account, &at.to_string()])?;
            Ok(())
        })
        .await
    }

    async fn password(&self, account: &AccountName) -> Result<Option<String>, StoreError> {
        let account = account.to_string();
        self.read(move |connection| {
            let sql = "SELECT password FROM accounts WHERE name = ?1";
            let mut statement = connection.prepare_cached(sql)?;
            Ok(statement.query_row([account], |row| row.get(0)).optional()?.flatten())
        })
        .await
    }

    async fn open_session(&self, session: Token, password: Option<String>) -> Result<(), StoreError> {
        self.write("session.open", move |connection| {
            check(connection, &session, password.as_deref())?;
            make_room_for(connection, &session)?;
            found(insert(connection, &session)?)
        })
        .await
    }

    async fn linked(&self, identity: &Identity) -> Result<Option<Account>, StoreError> {
        let Identity { issuer, subject } = identity.clone();
        self.read(move |connection| {
            let sql =
                "SELECT name, role, created_at, revoked_at FROM identities JOIN accounts ON name = account
                 WHERE issuer = ?1 AND subject = ?2";
            let mut statement = connection.prepare_cached(sql)?;
            statement.query_row([issuer, subject], |row| Ok(account(row))).optional()?.transpose()
        })
        .await
    }

    async fn link(&self, account: &AccountName, identity: &Identity) -> Result<(), StoreError> {
        let (account, identity) = (account.clone(), identity.clone());
        self.write("account.link", move |connection| {
            let sql = "INSERT INTO identities (issuer, subject, account)
                 SELECT ?1, ?2, name FROM accounts WHERE name = ?3
                 ON CONFLICT (issuer, subject) DO UPDATE SET account = excluded.account";
            let Identity { issuer, subject } = &identity;
            found(connection.prepare_cached(sql)?.execute(params![issuer, subject, account.as_str()])?)
        })
        .await
    }

    async fn add_linked(&self, account: Account, identity: &Identity) -> Result<(), StoreError> {
        let identity = identity.clone();
        self.write("account.add_linked", move |connection| {
            add_account(connection, &account)?;
            link_first(connection, &account.name, &identity)
        })
        .await
    }
}

/// Looks whether what a session came of still holds.
fn check(connection: &Connection, session: &Token, password: Option<&str>) -> SqlResult<()> {
    let sql = "SELECT EXISTS (SELECT 1 FROM accounts
             WHERE name = ?1 AND revoked_at IS NULL AND (?2 IS NULL OR password = ?2))
         AND (?3 IS NULL OR EXISTS (SELECT 1 FROM tokens WHERE id = ?3 AND revoked_at IS NULL))";
    let parent = session.parent.map(|id| id.to_string());
    let values = params![session.account.as_str(), password, parent];
    let holds = connection.prepare_cached(sql)?.query_row(values, |row| row.get(0))?;
    if holds { Ok(()) } else { Err(StoreError::NotFound.into()) }
}

/// Lets go of sessions of the account that are over, and of the oldest above the bound.
fn make_room_for(connection: &Connection, session: &Token) -> SqlResult<()> {
    let sql = "DELETE FROM tokens WHERE account = ?1 AND kind = 'session' AND (
             revoked_at IS NOT NULL OR expires_at <= ?2 OR id NOT IN (
                 SELECT id FROM tokens WHERE account = ?1 AND kind = 'session' ORDER BY id DESC LIMIT ?3))";
    let values = params![session.account.as_str(), session.created_at.to_string(), MAX_SESSIONS - 1];
    connection.prepare_cached(sql)?.execute(values)?;
    Ok(())
}

/// Links an identity that is not linked yet.
pub(crate) fn link_first(
    connection: &Connection,
    account: &AccountName,
    identity: &Identity,
) -> SqlResult<()> {
    let sql = "INSERT INTO identities (issuer, subject, account) VALUES (?1, ?2, ?3)
         ON CONFLICT (issuer, subject) DO NOTHING";
    let Identity { issuer, subject } = identity;
    let added = connection.prepare_cached(sql)?.execute(params![issuer, subject, account.as_str()])?;
    if added > 0 { Ok(()) } else { Err(StoreError::NameTaken.into()) }
}
