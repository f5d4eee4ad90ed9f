//! `simulay doctor`: what keeps simulations from running here, and what to do about it.

mod docker;
mod machine;
mod sandbox;

use std::process::ExitCode;

use clap::Args;
use serde::Serialize;
use serde_json::json;

use super::options::LocalOptions;
use crate::configuration::Settings;
use crate::fault::FAILED;
use crate::risks::Risk;
use crate::terminal::{print, print_json};

/// Checks whether simulations can run here, and safely.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    local: LocalOptions,
    /// Warnings count as failures.
    #[arg(long)]
    strict: bool,
}

/// What a check found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Check {
    name: String,
    state: State,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    cure: Option<String>,
}

/// How it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
enum State {
    Ok,
    Warn,
    Fail,
}

impl Check {
    fn ok(name: &str, message: impl Into<String>) -> Self {
        Self { name: name.to_owned(), state: State::Ok, message: message.into(), cure: None }
    }

    fn bad(name: &str, state: State, message: impl Into<String>, cure: impl Into<String>) -> Self {
        Self { name: name.to_owned(), state, message: message.into(), cure: Some(cure.into()) }
    }

    /// Something that is refused unless the operator accepts it.
    fn risky(name: &str, (risk, accepted): (Risk, bool), message: String, cure: &str) -> Self {
        if accepted {
            return Self::bad(name, State::Warn, format!("{message}; you accept it ({risk})"), cure);
        }
        Self::bad(name, State::Fail, message, format!("{cure}; {}", risk.how_to_accept()))
    }

    fn text(&self) -> String {
        let word = match self.state {
            State::Ok => "ok  ",
            State::Warn => "warn",
            State::Fail => "FAIL",
        };
        let cure = self.cure.as_ref().map(|cure| format!("\n      -> {cure}")).unwrap_or_default();
        format!("{word}  {}: {}{cure}\n", self.name, self.message)
    }
}

/// Runs every check, tells what each found.
pub(crate) async fn execute(arguments: Arguments, json: bool) -> anyhow::Result<ExitCode> {
    let settings = Settings::load(&arguments.local.flags())?;
    let mut checks = machine::checks(&settings);
    checks.extend(sandbox::checks(&settings).await);
    checks.extend(docker::checks(&settings).await);
    let worst = if arguments.strict { State::Warn } else { State::Fail };
    let healthy = checks.iter().all(|check| check.state < worst);
    if json {
        print_json(&json!({ "healthy": healthy, "checks": checks }))?;
    } else {
        print(&checks.iter().map(Check::text).collect::<String>())?;
    }
    Ok(if healthy { ExitCode::SUCCESS } else { ExitCode::from(FAILED) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_is_told_with_its_cure() {
        let check = Check::bad("disk", State::Warn, "1 GiB is free", "free some");
        assert_eq!(check.text(), "warn  disk: 1 GiB is free\n      -> free some\n");
        assert!(State::Ok < State::Warn && State::Warn < State::Fail);
    }
}
