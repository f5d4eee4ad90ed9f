//! `simulay token`: by what programs and people are known to a server of many. Works on the data directory, also
//! beside a server.

use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Subcommand};
use jiff::Timestamp;
use serde_json::{Value, json};
use simulay_engine::{EngineError, NewToken, draw_token};
use simulay_model::{
    AccountName, AuditAction, AuditEntry, PluginName, Role, Scope, Token, TokenId, TokenKind,
};
use simulay_store::StoreError;

use super::account::refused;
use super::options::LocalOptions;
use crate::compose::{Administration, command_line};
use crate::configuration::Settings;
use crate::fault::Usage;
use crate::terminal::{Table, note, print, print_json, say};

const DAY: u64 = 24 * 3600;

/// Makes, lists and revokes tokens.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    what: What,
    #[command(flatten)]
    local: LocalOptions,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Makes a token, and prints it this once.
    Create(Create),
    /// Draws a token that is nobody's yet, for `auth.first_token_file`.
    Draw,
    /// Lists tokens, without their secrets.
    List {
        /// Only those of this account.
        #[arg(long)]
        account: Option<AccountName>,
    },
    /// Revokes a token: within a second nobody is known by it.
    Revoke {
        /// Its id, as the list tells it.
        id: TokenId,
    },
}

#[derive(Debug, Args)]
struct Create {
    /// The account that it is of.
    account: AccountName,
    /// What it is for.
    #[arg(long, default_value = "")]
    label: String,
    /// The most it lets the account do [default: all that the account may].
    #[arg(long)]
    role: Option<Role>,
    /// The one pipeline that it is for [default: all that is the account's].
    #[arg(long, value_name = "NAME")]
    pipeline: Option<PluginName>,
    /// For how many days it is taken [default: until it is revoked].
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u64).range(1..=36_500))]
    days: Option<u64>,
}

/// Does what is asked.
pub(crate) async fn execute(arguments: Arguments, json: bool) -> anyhow::Result<ExitCode> {
    if let What::Draw = arguments.what {
        return Ok(print(&format!("{}\n", draw_token()?.reveal())).map(|()| ExitCode::SUCCESS)?);
    }
    let settings = Settings::load(&arguments.local.flags())?;
    let administration = Administration::of(&settings).await?;
    let accounts = &administration.accounts;
    match arguments.what {
        What::Draw => {}
        What::Create(asked) => create(&administration, asked, json).await?,
        What::List { account } => list(&accounts.tokens(account.as_ref()).await?, json)?,
        What::Revoke { id } => {
            accounts.revoke(id).await.map_err(unknown)?;
            administration.record(command_line(AuditAction::TokenRevoked).about(id)).await?;
            say(&format!("the token {id} is revoked"))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn create(administration: &Administration, asked: Create, json: bool) -> anyhow::Result<()> {
    let Create { account, label, role, pipeline, days } = asked;
    let scope = pipeline.map_or(Scope::All, Scope::Pipeline);
    let lifetime = days.map(|days| Duration::from_secs(days * DAY));
    let new = NewToken { account, label, role, scope, lifetime };
    let (token, secret) = administration.accounts.create_token(new).await.map_err(refused)?;
    // A token that is not recorded is told to nobody.
    administration.record(made(&token)).await?;
    if json {
        let mut told = document(&token);
        if let Some(fields) = told.as_object_mut() {
            fields.insert("token".to_owned(), secret.reveal().into());
        }
        return Ok(print_json(&told)?);
    }
    // Alone on standard output, so that it can go into a variable.
    print(&format!("{}\n", secret.reveal()))?;
    note("it is shown this once; commands take it from the variable SIMULAY_TOKEN");
    Ok(())
}

/// How it is recorded that a token was made.
pub(super) fn made(token: &Token) -> AuditEntry {
    let role = token.role.map(|role| format!(", at most as {role}")).unwrap_or_default();
    let end = token.expires_at.map(|end| format!(", until {end}")).unwrap_or_default();
    let detail = format!("for {}{role}{end}", token.account);
    command_line(AuditAction::TokenCreated).about(token.id).saying(detail)
}

fn unknown(error: EngineError) -> anyhow::Error {
    match error {
        EngineError::Records(StoreError::NotFound) => {
            Usage("there is no such token; `simulay token list` tells those there are".to_owned()).into()
        }
        other => other.into(),
    }
}

fn list(tokens: &[Token], json: bool) -> anyhow::Result<()> {
    if json {
        return Ok(print_json(&json!({ "tokens": tokens.iter().map(document).collect::<Vec<_>>() }))?);
    }
    let mut table = Table::new(["TOKEN", "ACCOUNT", "ROLE", "FOR", "STATE", "LAST USED", "LABEL"]);
    for token in tokens {
        let role = token.role.map_or("", Role::as_str);
        let used = token.last_used_at.map(|at| at.to_string()).unwrap_or_default();
        let (id, scope, state) = (token.id.to_string(), purpose(token), state(token));
        table.row([&id, token.account.as_str(), role, &scope, &state, &used, &token.label]);
    }
    Ok(print(&table.text())?)
}

/// What a token is for; nothing when programs show it for all that its account may.
fn purpose(token: &Token) -> String {
    match &token.scope {
        Scope::All if token.kind == TokenKind::Session => "session of a browser".to_owned(),
        Scope::All => String::new(),
        Scope::Pipeline(pipeline) => format!("pipeline {pipeline}"),
        Scope::Run(run) => format!("link to run {run}"),
    }
}

fn state(token: &Token) -> String {
    match (token.revoked_at, token.expires_at) {
        (Some(_), _) => "revoked".to_owned(),
        (None, Some(end)) if end <= Timestamp::now() => "expired".to_owned(),
        (None, Some(end)) => format!("until {end}"),
        (None, None) => "valid".to_owned(),
    }
}

fn document(token: &Token) -> Value {
    let (pipeline, run) = (token.scope.pipeline(), token.scope.run());
    let Token { id, account, label, role, created_at, expires_at, revoked_at, last_used_at, .. } = token;
    json!({
        "id": id, "kind": token.kind.as_str(), "account": account, "label": label, "role": role, "pipeline": pipeline,
        "run": run, "created_at": created_at, "expires_at": expires_at, "revoked_at": revoked_at,
        "last_used_at": last_used_at,
    })
}
