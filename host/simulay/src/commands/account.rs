//! `simulay account`: who may use a server of many. Works on the data directory, also beside a server.

mod quota;

use std::io::{self, IsTerminal as _};
use std::process::ExitCode;

use anyhow::bail;
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use simulay_engine::{AccountError, EngineError, HashingError, Password};
use simulay_model::{Account, AccountName, AuditAction, AuditEntry, Identity, Role};
use simulay_store::StoreError;

use super::options::LocalOptions;
use crate::compose::{Administration, command_line};
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
    /// Gives an account a password, typed or from standard input; its sessions end.
    Password {
        /// Its name.
        name: AccountName,
    },
    /// Makes an account that of whoever a provider of identities knows by a subject.
    Link {
        /// Its name.
        name: AccountName,
        /// Who it is at the provider: the claim `sub`.
        #[arg(long)]
        subject: String,
        /// The provider, by its URL [default: auth.oidc.issuer].
        #[arg(long)]
        issuer: Option<String>,
    },
    /// Has nobody be known as an account any more, within a second; its things stay.
    Revoke {
        /// Its name.
        name: AccountName,
    },
    /// Takes back that an account is revoked.
    Restore {
        /// Its name.
        name: AccountName,
    },
    /// Lists accounts.
    List,
    /// Shows or changes what an account may use; a server that runs knows within a moment.
    Quota(quota::Arguments),
}

/// Does what is asked.
pub(crate) async fn execute(arguments: Arguments, json: bool) -> anyhow::Result<ExitCode> {
    let settings = Settings::load(&arguments.local.flags())?;
    let administration = Administration::of(&settings).await?;
    let Administration { accounts, .. } = &administration;
    match arguments.what {
        What::Create { name, role } => {
            let account = accounts.create(name, role).await.map_err(refused)?;
            administration.record(made(&account)).await?;
            tell(&account, "is made; `simulay token create` gives it a token", json)?;
        }
        What::Role { name, role } => {
            let account = accounts.set_role(&name, role).await.map_err(refused)?;
            let changed = command_line(AuditAction::RoleChanged).about(&account.name);
            administration.record(changed.saying(format!("to {role}"))).await?;
            tell(&account, "has the role now", json)?;
        }
        What::Password { name } => set_password(&administration, &name).await?,
        What::Link { name, subject, issuer } => {
            link(&administration, &name, Identity { issuer: issuer_of(&settings, issuer)?, subject }).await?;
        }
        What::Revoke { name } => revoke(&administration, &name).await?,
        What::Restore { name } => restore(&administration, &name).await?,
        What::List => list(&accounts.list().await?, json)?,
        What::Quota(asked) => quota::execute(asked, &administration, json).await?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn set_password(administration: &Administration, name: &AccountName) -> anyhow::Result<()> {
    administration.credentials.set_password(name, password(name)?).await.map_err(refused)?;
    administration.record(command_line(AuditAction::PasswordSet).about(name)).await?;
    Ok(say(&format!("{name} signs in with the new password; sessions of before have ended"))?)
}

async fn link(administration: &Administration, name: &AccountName, identity: Identity) -> anyhow::Result<()> {
    administration.credentials.link(name, &identity).await.map_err(refused)?;
    let Identity { issuer, subject } = identity;
    let linked = command_line(AuditAction::AccountLinked).about(name);
    administration.record(linked.saying(format!("{subject} at {issuer}"))).await?;
    Ok(say(&format!("whoever {issuer} knows as {subject} is {name}"))?)
}

async fn revoke(administration: &Administration, name: &AccountName) -> anyhow::Result<()> {
    administration.accounts.revoke_account(name).await.map_err(refused)?;
    administration.record(command_line(AuditAction::AccountRevoked).about(name)).await?;
    Ok(say(&format!("nobody is known as {name} any more; `simulay account restore {name}` takes it back"))?)
}

async fn restore(administration: &Administration, name: &AccountName) -> anyhow::Result<()> {
    administration.accounts.restore_account(name).await.map_err(refused)?;
    administration.record(command_line(AuditAction::AccountRestored).about(name)).await?;
    Ok(say(&format!("{name} is known again by what it has"))?)
}

/// The password for an account: typed twice, or a line of standard input.
fn password(name: &AccountName) -> anyhow::Result<Password> {
    let typed = if io::stdin().is_terminal() {
        let typed = rpassword::prompt_password(format!("New password of {name}: "))?;
        if rpassword::prompt_password("Once more: ")? != typed {
            bail!(Usage("the two differ; nothing is changed".to_owned()));
        }
        typed
    } else {
        io::stdin().lines().next().transpose()?.unwrap_or_default()
    };
    Ok(Password::new(typed).map_err(|error| Usage(error.to_string()))?)
}

fn issuer_of(settings: &Settings, named: Option<String>) -> anyhow::Result<String> {
    let usual = settings.auth.oidc.as_ref().map(|oidc| oidc.issuer.clone());
    let missing =
        || Usage("name the provider with --issuer; the settings have no auth.oidc.issuer".to_owned());
    Ok(named.or(usual).ok_or_else(missing)?)
}

/// How it is recorded that an account was made.
pub(super) fn made(account: &Account) -> AuditEntry {
    command_line(AuditAction::AccountCreated).about(&account.name).saying(format!("role {}", account.role))
}

/// Why accounts stay as they are, and what to do.
pub(super) fn refused(error: AccountError) -> anyhow::Error {
    match error {
        AccountError::Engine(EngineError::Records(StoreError::NotFound)) => {
            Usage("there is no such account; `simulay account list` tells those there are".to_owned()).into()
        }
        AccountError::Label
        | AccountError::Lifetime
        | AccountError::Hashing(HashingError::Busy)
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
    let mut table = Table::new(["ACCOUNT", "ROLE", "STATE", "CREATED"]);
    for account in accounts {
        let state = if account.revoked_at.is_some() { "revoked" } else { "" };
        table.row([account.name.as_str(), account.role.as_str(), state, &account.created_at.to_string()]);
    }
    Ok(print(&table.text())?)
}

fn document(account: &Account) -> Value {
    let Account { name, role, created_at, revoked_at } = account;
    json!({ "account": name, "role": role, "created_at": created_at, "revoked_at": revoked_at })
}
