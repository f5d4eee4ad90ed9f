//! `simulay runs share`, `links` and `unshare`.

use clap::Args;
use serde_json::{Value, json};
use simulay_api::wire::{LinkList, LinkMade};
use simulay_model::{RunId, TokenId};

use crate::client::{Client, read};
use crate::terminal::{Table, note, print, print_json, say};

const DAY: u64 = 24 * 3600;

/// A link to a run.
#[derive(Debug, Args)]
pub(super) struct Share {
    /// Run.
    id: RunId,
    /// For how many days it is taken.
    #[arg(long, value_name = "DAYS", default_value_t = 7, value_parser = clap::value_parser!(u64).range(1..=90))]
    days: u64,
}

/// A link that is to open nothing any more.
#[derive(Debug, Args)]
pub(super) struct Unshare {
    /// Run.
    id: RunId,
    /// The link, as `simulay runs links` tells it.
    link: TokenId,
}

/// Makes a link and prints it.
pub(super) async fn share(client: &Client, Share { id, days }: Share, json: bool) -> anyhow::Result<()> {
    let mut made = client.share(id, days * DAY).await?;
    let LinkMade { url, expires_at, .. } = read(&made)?;
    let url = client.address_of(&url);
    if json {
        if let Some(fields) = made.as_object_mut() {
            fields.insert("url".to_owned(), Value::from(url));
        }
        return Ok(print_json(&made)?);
    }
    // Alone on standard output, so that it can be handed on.
    print(&format!("{url}\n"))?;
    let end = expires_at.map(|end| format!(" until {end}")).unwrap_or_default();
    note(&format!("it is shown this once; whoever has it looks at this run{end}, and at nothing else"));
    Ok(())
}

/// Lists the links to a run.
pub(super) async fn list(client: &Client, id: RunId, json: bool) -> anyhow::Result<()> {
    let links = client.links(id).await?;
    if json {
        return Ok(print_json(&links)?);
    }
    let mut table = Table::new(["LINK", "CREATED", "UNTIL", "LAST USED"]);
    let LinkList { links } = read(&links)?;
    for link in &links {
        let time = |at: Option<jiff::Timestamp>| at.map(|at| at.to_string()).unwrap_or_default();
        let (id, created) = (link.id.to_string(), link.created_at.to_string());
        table.row([&id, &created, &time(link.expires_at), &time(link.last_used_at)]);
    }
    Ok(print(&table.text())?)
}

/// Revokes a link.
pub(super) async fn unshare(
    client: &Client,
    Unshare { id, link }: Unshare,
    json: bool,
) -> anyhow::Result<()> {
    client.unshare(id, link).await?;
    if json {
        return Ok(print_json(&json!({ "revoked": { "run": id, "link": link } }))?);
    }
    Ok(say(&format!("the link {link} opens nothing any more"))?)
}
