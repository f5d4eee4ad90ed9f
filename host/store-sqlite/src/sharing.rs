//! Who sees plugins of others.

use std::collections::BTreeSet;

use rusqlite::Connection;
use simulay_model::Visibility;
use simulay_store::StoreError;

use crate::failure::SqlResult;
use crate::filter::{self, Filter, Values};
use crate::rows::parsed;

/// The plugins that the account `:owner` sees.
pub(crate) const OWN_OR_SHARED: &str = "(owner = :owner OR name IN (
    SELECT name FROM public_plugins UNION ALL SELECT name FROM shared_plugins WHERE account = :owner))";

/// Says who sees a plugin, when the filter finds it among those that may be changed.
pub(crate) fn set(
    connection: &Connection,
    filter: &Filter,
    name: &str,
    visibility: &Visibility,
) -> SqlResult<()> {
    if !is_there(connection, filter::OWN_PLUGINS, filter.and(&[(":name", &name)]))? {
        return Err(StoreError::NotFound.into());
    }
    for sql in ["DELETE FROM public_plugins WHERE name = ?1", "DELETE FROM shared_plugins WHERE name = ?1"] {
        connection.prepare_cached(sql)?.execute([name])?;
    }
    match visibility {
        Visibility::Private => {}
        Visibility::Public => {
            let sql = "INSERT INTO public_plugins (name) VALUES (?1)";
            connection.prepare_cached(sql)?.execute([name])?;
        }
        Visibility::Shared(accounts) => {
            let sql = "INSERT INTO shared_plugins (account, name) VALUES (?1, ?2)";
            let mut statement = connection.prepare_cached(sql)?;
            for account in accounts {
                statement.execute([account.as_str(), name])?;
            }
        }
    }
    Ok(())
}

/// Who sees a plugin, when the filter finds it.
pub(crate) fn find(connection: &Connection, filter: &Filter, name: &str) -> SqlResult<Visibility> {
    let values = filter.and(&[(":name", &name), (":shared", &filter.shared)]);
    if !is_there(connection, filter::PLUGINS, values)? {
        return Ok(Visibility::Private);
    }
    let sql = "SELECT 1 FROM public_plugins WHERE name = ?1";
    if connection.prepare_cached(sql)?.exists([name])? {
        return Ok(Visibility::Public);
    }
    let sql = "SELECT account FROM shared_plugins WHERE name = ?1";
    let mut statement = connection.prepare_cached(sql)?;
    let accounts = statement.query_and_then([name], |row| parsed(row, "account"))?;
    let accounts: BTreeSet<_> = accounts.collect::<SqlResult<_>>()?;
    Ok(if accounts.is_empty() { Visibility::Private } else { Visibility::Shared(accounts) })
}

fn is_there(connection: &Connection, found: &str, values: Values<'_>) -> SqlResult<bool> {
    let sql = ["SELECT 1 FROM plugins WHERE name = :name AND", found].join(" ");
    Ok(connection.prepare_cached(&sql)?.exists(&*values)?)
}
