//! `simulay account quota`: what an account may use.

use clap::Args;
use serde_json::{Value, json};
use simulay_engine::{AccountQuotas, EngineError};
use simulay_model::{
    AccountName, AuditAction, AuditEntry, Clock as _, PresentUse, Quota, QuotaOverrides, QuotaSetting,
    Quotas, SystemClock,
};
use strum::IntoEnumIterator as _;

use super::refused;
use crate::compose::{Administration, command_line};
use crate::terminal::{Table, print, print_json};

/// What is said of the quotas of an account.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The account.
    name: AccountName,
    /// `show`, or new bounds: a number, `unlimited`, or `default` for that of the settings.
    #[arg(value_name = "show|QUOTA=BOUND", value_parser = asked)]
    asked: Vec<Asked>,
}

/// What is asked of the quotas of an account.
#[derive(Debug, Clone)]
enum Asked {
    Show,
    Set(Quota, QuotaSetting),
}

fn asked(text: &str) -> Result<Asked, String> {
    if text == "show" {
        return Ok(Asked::Show);
    }
    let rule = || format!("`{text}` is neither `show` nor QUOTA=BOUND, e.g. max_containers=4");
    let (quota, setting) = text.split_once('=').ok_or_else(rule)?;
    let (quota, setting) = (quota.parse::<Quota>()?, setting.parse()?);
    if let QuotaSetting::AtMost(bound) = setting {
        quota.check(bound)?;
    }
    Ok(Asked::Set(quota, setting))
}

/// The quotas of an account, and what is used of them.
struct State {
    account: AccountName,
    quotas: Quotas,
    overrides: QuotaOverrides,
    present: PresentUse,
}

/// Changes what is to be changed, and shows what holds then.
pub(super) async fn execute(
    arguments: Arguments,
    administration: &Administration,
    json: bool,
) -> anyhow::Result<()> {
    let (Arguments { name, asked }, quotas) = (arguments, &administration.quotas);
    let change = |asked| match asked {
        Asked::Show => None,
        Asked::Set(quota, setting) => Some((quota, setting)),
    };
    // Without any, it is told whether there is such an account.
    let changes: Vec<_> = asked.into_iter().filter_map(change).collect();
    quotas.set(&name, changes.clone()).await.map_err(|error| refused(error.into()))?;
    if !changes.is_empty() {
        administration.record(changed(&name, &changes)).await?;
    }
    let state = State::read(name, quotas).await?;
    if json { Ok(print_json(&state.document())?) } else { Ok(print(&state.table().text())?) }
}

/// How it is recorded that the quotas of an account were changed.
fn changed(account: &AccountName, changes: &[(Quota, QuotaSetting)]) -> AuditEntry {
    let told = changes.iter().map(|(quota, setting)| format!("{quota}={setting}")).collect::<Vec<_>>();
    command_line(AuditAction::QuotaChanged).about(account).saying(told.join(" "))
}

impl State {
    async fn read(account: AccountName, quotas: &AccountQuotas) -> Result<Self, EngineError> {
        let overrides = quotas.overrides().await?.get(&account).cloned().unwrap_or_default();
        let present = quotas.present_use(&account, SystemClock.now()).await?;
        Ok(Self { quotas: quotas.of(&account).await?, overrides, present, account })
    }

    fn table(&self) -> Table {
        let mut table = Table::new(["QUOTA", "BOUND", "USED", "SET BY"]);
        for quota in Quota::iter() {
            let bound =
                self.quotas.of(quota).map_or_else(|| "unlimited".to_owned(), |bound| bound.to_string());
            let used = self.used(quota).map(|used| used.to_string()).unwrap_or_default();
            table.row([quota.as_str(), &bound, &used, self.set_by(quota)]);
        }
        table
    }

    fn set_by(&self, quota: Quota) -> &'static str {
        if self.overrides.contains_key(&quota) { "account" } else { "default" }
    }

    /// What is at work only the server knows.
    fn used(&self, quota: Quota) -> Option<u64> {
        match quota {
            Quota::MaxActiveRuns | Quota::MaxContainers => None,
            quota => self.present.of(quota),
        }
    }

    fn document(&self) -> Value {
        let quota = |quota: Quota| {
            let (bound, used) = (self.quotas.of(quota), self.used(quota));
            let overridden = self.overrides.contains_key(&quota);
            (quota.to_string(), json!({ "bound": bound, "used": used, "overridden": overridden }))
        };
        let quotas: serde_json::Map<_, _> = Quota::iter().map(quota).collect();
        json!({ "account": self.account, "quotas": quotas })
    }
}
