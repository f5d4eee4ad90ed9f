//! `simulay usage`: what accounts used in a month. Works on the data directory, also beside a server.

use std::collections::BTreeMap;
use std::process::ExitCode;

use clap::Args;
use serde_json::{Value, json};
use simulay_engine::AccountQuotas;
use simulay_model::{AccountName, Clock as _, DailyUsage, Month, OwnerFilter, SystemClock, Usage};

use super::options::LocalOptions;
use crate::compose::Administration;
use crate::configuration::Settings;
use crate::terminal::{Table, print, print_json, say, size};

/// Tells what accounts used in a month.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Year and month, e.g. 2026-11 [default: this month].
    #[arg(long, value_name = "YEAR-MONTH")]
    month: Option<Month>,
    /// Only this account.
    #[arg(long, value_name = "NAME")]
    account: Option<AccountName>,
    #[command(flatten)]
    local: LocalOptions,
}

/// What an account used.
#[derive(Default)]
struct Account {
    days: Vec<DailyUsage>,
    total: Usage,
    stored: u64,
}

/// Does what is asked.
pub(crate) async fn execute(arguments: Arguments, json: bool) -> anyhow::Result<ExitCode> {
    let settings = Settings::load(&arguments.local.flags())?;
    let quotas = Administration::of(&settings).await?.quotas;
    let month = arguments.month.unwrap_or_else(|| Month::of(SystemClock.now()));
    let owner = arguments.account.map_or(OwnerFilter::Any, OwnerFilter::Only);
    let accounts = read(&quotas, &owner, month).await?;
    if json {
        print_json(&document(month, &accounts))?;
    } else if accounts.is_empty() {
        say(&format!("nothing was used in {month}"))?;
    } else {
        print(&table(&accounts).text())?;
    }
    Ok(ExitCode::SUCCESS)
}

async fn read(
    quotas: &AccountQuotas,
    owner: &OwnerFilter,
    month: Month,
) -> anyhow::Result<BTreeMap<AccountName, Account>> {
    let mut accounts = BTreeMap::<AccountName, Account>::new();
    for daily in quotas.usage(owner, month).await? {
        let account = accounts.entry(daily.account.clone()).or_default();
        account.total += daily.usage;
        account.days.push(daily);
    }
    for (name, account) in &mut accounts {
        account.stored = quotas.present_use(name, SystemClock.now()).await?.stored_bytes;
    }
    Ok(accounts)
}

fn table(accounts: &BTreeMap<AccountName, Account>) -> Table {
    let mut table = Table::new([
        "ACCOUNT",
        "RUNS",
        "CONTAINERS",
        "CONTAINER SECONDS",
        "CPU SECONDS",
        "TAKEN IN",
        "KEPT",
        "STORED NOW",
    ]);
    for (name, Account { total, stored, .. }) in accounts {
        let count = |number: u64| number.to_string();
        table.row([
            name.as_str(),
            &count(total.runs),
            &count(total.containers),
            &count(total.container_ms / 1000),
            &count(total.cpu_ms / 1000),
            &size(total.bytes_in),
            &size(total.bytes_kept),
            &size(*stored),
        ]);
    }
    table
}

fn document(month: Month, accounts: &BTreeMap<AccountName, Account>) -> Value {
    let day = |daily: &DailyUsage| json!({ "day": daily.day, "usage": usage(&daily.usage) });
    let account = |(name, account): (&AccountName, &Account)| {
        let Account { days, total, stored } = account;
        let days: Vec<_> = days.iter().map(day).collect();
        json!({ "account": name, "total": usage(total), "stored_bytes": stored, "days": days })
    };
    json!({ "month": month.to_string(), "accounts": accounts.iter().map(account).collect::<Vec<_>>() })
}

fn usage(usage: &Usage) -> Value {
    let Usage { runs, containers, container_ms, cpu_ms, bytes_in, bytes_kept } = usage;
    json!({
        "runs": runs, "containers": containers, "container_ms": container_ms, "cpu_ms": cpu_ms,
        "bytes_in": bytes_in, "bytes_kept": bytes_kept,
    })
}
