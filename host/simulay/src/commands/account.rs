//! `simulay account`: who may use a server of many. Works on the data directory, also beside a server.

mod quota;

use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use simulay_engine::{AccountError, EngineError};
use simulay_model::{Account, AccountName, Role};
use simulay_store::StoreError;

use super::options::LocalOptions;
use crate::compose;
use crate::configuration::Settings;
use crate::fault::Usage;
use crate::terminal::{Table, print, print_json, say};

/// Makes and lists accounts.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    what: What,
    #[command(flatten)]
    local: LocalOptions,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Makes an account.
    Create {
        /// Its name.
        name: AccountName,
        /// What it may do: viewer, runner, author, operator or admin.
        #[arg(long, default_value = "author")]
        role: Role,
    },
    /// Changes what an account may do.
    Role {
        /// Its name.
        name: AccountName,
        /// What it may do: viewer, runner, author, operator or admin.
        role: Role,
    },
    /// Lists accounts.
    List,
    /// Shows or changes what an account may use; a server that runs knows within a moment.
    Quota(quota::Arguments),
}

/// Does what is asked.
pub(crate) async fn execute(arguments: Arguments, json: bool) -> anyhow::Result<ExitCode> {
    let settings = Settings::load(&arguments.local.flags())?;
    let data = settings.data()?;
    let accounts = compose::accounts(&data)?;
    match arguments.what {
        What::Create { name, role } => {
            let account = accounts.create(name, role).await.map_err(refused)?;
            tell(&account, "is made; `simulay token create` gives it a token", json)?;
        }
        What::Role { name, role } => {
            let account = accounts.set_role(&name, role).await.map_err(refused)?;
            tell(&account, "has the role now", json)?;
        }
        What::List => list(&accounts.list().await?, json)?,
        What::Quota(asked) => quota::execute(asked, &compose::quotas(&settings, &data)?, json).await?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Why accounts stay as they are, and what to do.
pub(super) fn refused(error: AccountError) -> anyhow::Error {
    match error {
        AccountError::Engine(EngineError::Records(StoreError::NotFound)) => {
            Usage("there is no such account; `simulay account list` tells those there are".to_owned()).into()
        }
        AccountError::Label
        | AccountError::Lifetime
        | AccountError::Engine(EngineError::Records(StoreError::NameTaken)) => {
            Usage(error.to_string()).into()
        }
        other => other.into(),
    }
}

fn tell(account: &Account, what: &str, json: bool) -> anyhow::Result<()> {
    if json {
        return Ok(print_json(&document(account))?);
    }
    Ok(say(&format!("{} ({}) {what}", account.name, account.role))?)
}

fn list(accounts: &[Account], json: bool) -> anyhow::Result<()> {
    if json {
        return Ok(print_json(&json!({ "accounts": accounts.iter().map(document).collect::<Vec<_>>() }))?);
    }
    if accounts.is_empty() {
        return Ok(say("no accounts; `simulay account create NAME --role ROLE` makes one")?);
    }
    let mut table = Table::new(["ACCOUNT", "ROLE", "CREATED"]);
    for account in accounts {
        table.row([account.name.as_str(), account.role.as_str(), &account.created_at.to_string()]);
    }
    Ok(print(&table.text())?)
}

fn document(account: &Account) -> Value {
    json!({ "account": account.name, "role": account.role, "created_at": account.created_at })
}
