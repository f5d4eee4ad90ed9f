//! `simulay plugin visibility`.

use clap::{Args, ValueEnum};
use serde_json::json;
use simulay_api::wire::{self, NewVisibility};
use simulay_model::{AccountName, PluginName};

use crate::commands::options::ServerOption;
use crate::fault::Usage;
use crate::terminal::{print_json, say};

/// Who is to see a plugin.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Its name.
    name: PluginName,
    /// Who sees it.
    #[arg(value_enum)]
    visibility: Visibility,
    /// An account that it is shared with; may be given several times.
    #[arg(long, value_name = "ACCOUNT")]
    with: Vec<AccountName>,
    #[command(flatten)]
    server: ServerOption,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Visibility {
    /// Nobody else.
    Private,
    /// The accounts named with --with, and no others.
    Shared,
    /// Everybody.
    Public,
}

impl From<Visibility> for wire::Visibility {
    fn from(visibility: Visibility) -> Self {
        match visibility {
            Visibility::Private => Self::Private,
            Visibility::Shared => Self::Shared,
            Visibility::Public => Self::Public,
        }
    }
}

/// Says who sees it.
pub(super) async fn execute(arguments: Arguments, json: bool) -> anyhow::Result<()> {
    let Arguments { name, visibility, with, server } = arguments;
    let asked = NewVisibility { visibility: visibility.into(), accounts: with.into_iter().collect() };
    if matches!(visibility, Visibility::Shared) == asked.accounts.is_empty() {
        let rule = "--with names the accounts for `shared`, and for nothing else";
        return Err(Usage(rule.to_owned()).into());
    }
    server.client()?.set_visibility(&name, &asked).await?;
    if json {
        return Ok(print_json(&json!({ "plugin": name, "visibility": asked }))?);
    }
    let with: Vec<&str> = asked.accounts.iter().map(AccountName::as_str).collect();
    let with = if with.is_empty() { String::new() } else { format!(" with {}", with.join(", ")) };
    Ok(say(&format!("{name} is {}{with}", asked.visibility))?)
}
