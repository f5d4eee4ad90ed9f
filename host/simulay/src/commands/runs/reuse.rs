//! `simulay runs reuse`.

use clap::Args;
use simulay_api::wire::{CallReuse, NearestCall, NoReuse, Open};
use simulay_model::RunId;

use crate::client::{Client, read};
use crate::terminal::{print, print_json};

/// A container call.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Run.
    id: RunId,
    /// Step, from 0.
    step: u32,
    /// Place of the call in its step, from 0.
    call: u32,
}

/// Tells why the call took an earlier result, or why not.
pub(super) async fn execute(client: &Client, arguments: Arguments, json: bool) -> anyhow::Result<()> {
    let Arguments { id, step, call } = arguments;
    let told = client.get(&format!("/v1/runs/{id}/calls/{step}/{call}/reuse")).await?;
    if json { Ok(print_json(&told)?) } else { Ok(print(&words(&read(&told)?))?) }
}

fn words(told: &CallReuse) -> String {
    let CallReuse { reused, from, reason, nearest } = told;
    if *reused {
        let whose = from.map_or("of another account".to_owned(), |run| format!("of run {run}"));
        return format!("the result {whose} was taken\n");
    }
    let reason = reason.as_ref().map(why).unwrap_or_default();
    format!("no earlier result was taken: {reason}\n{}", nearest.as_ref().map(near).unwrap_or_default())
}

fn why(reason: &Open<NoReuse>) -> String {
    let known = match reason {
        Open::Known(reason) => reason,
        Open::Unknown(other) => return other.to_string(),
    };
    let words = match known {
        NoReuse::NotDeterministic => "its plugin does not say that equal calls give equal outputs",
        NoReuse::SwitchedOff => "the operator has switched that off",
        NoReuse::ComputedAnew => "the request wanted all to be computed",
        NoReuse::NoKey => "nothing is known of its key, or what it left is let go of",
        NoReuse::NoEqual => "no equal call had one",
    };
    words.to_owned()
}

fn near(NearestCall { run, step, call, differs }: &NearestCall) -> String {
    let parts: Vec<_> = differs.iter().map(ToString::to_string).collect();
    let differs =
        if parts.is_empty() { "is equal".to_owned() } else { format!("differs in {}", parts.join(", ")) };
    format!("nearest: call {call} of step {step} of run {run}, which {differs}\n")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn told(document: Value) -> String {
        words(&serde_json::from_value(document).unwrap())
    }

    #[test]
    fn every_answer_has_its_words() {
        let run = "01a224ed-b0b5-732f-86c7-c4c4a84f7113";
        assert_eq!(told(json!({ "reused": true })), "the result of another account was taken\n");
        assert!(told(json!({ "reused": true, "from": run })).contains(run));
        let near = |differs: Value| json!({ "run": run, "step": 0, "call": 1, "differs": differs });
        let no = |reason: &str, differs| {
            told(json!({ "reused": false, "reason": reason, "nearest": near(differs) }))
        };
        assert!(no("no_equal", json!(["seed", "novel"])).ends_with("which differs in seed, novel\n"));
        assert!(no("computed_anew", json!([])).ends_with("which is equal\n"));
        assert!(no("novel", json!([])).contains("novel"));
    }
}
