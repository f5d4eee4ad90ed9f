//! `simulay status`: the whole, as the server sees it.

use std::process::ExitCode;

use clap::Args;
use simulay_api::wire::{Lack, Node, Runner, System};

use super::options::ServerOption;
use crate::fault::FAILED;
use crate::terminal::{Table, print, print_json, say};

/// Shows the server, its runners and nodes, how much waits, and what cannot be reached; fails when something cannot.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    server: ServerOption,
}

/// Does what is asked.
pub(crate) async fn execute(arguments: Arguments, json: bool) -> anyhow::Result<ExitCode> {
    let document = arguments.server.client()?.get("/v1/system").await?;
    let system: System = serde_json::from_value(document.clone())?;
    if json {
        print_json(&document)?;
    } else {
        tell(&system)?;
    }
    Ok(if is_whole(&system) { ExitCode::SUCCESS } else { ExitCode::from(FAILED) })
}

/// True when the server and each runner reach all that they work with.
fn is_whole(system: &System) -> bool {
    system.missing.is_empty()
        && system.runners.iter().all(|runner| runner.alive && missing(runner).is_empty())
}

fn tell(system: &System) -> anyhow::Result<()> {
    let System { version, name, stats, runners, nodes, missing: lacks, .. } = system;
    let asked = name.as_ref().map(|name| format!(", as {name} sees it")).unwrap_or_default();
    say(&format!("Simulay {version}{asked}"))?;
    say(&format!("{} runs have not ended", stats.unfinished_runs))?;
    if !runners.is_empty() {
        print(&runner_table(runners).text())?;
    }
    if !nodes.is_empty() {
        print(&node_table(nodes).text())?;
    }
    lacks.iter().try_for_each(|lack| say(&format!("missing: {}: {}", lack.part, lack.why)))?;
    runners.iter().try_for_each(tell_missing)
}

/// What one runner cannot reach, or why it does not answer.
fn tell_missing(runner: &Runner) -> anyhow::Result<()> {
    let address = &runner.address;
    if let Some(why) = &runner.why {
        say(&format!("runner {address} does not answer: {why}"))?;
    }
    let tell = |lack: &Lack| say(&format!("runner {address} is missing: {}: {}", lack.part, lack.why));
    Ok(missing(runner).iter().try_for_each(tell)?)
}

fn missing(runner: &Runner) -> &[Lack] {
    runner.status.as_ref().map_or(&[], |status| &status.missing)
}

fn runner_table(runners: &[Runner]) -> Table {
    let mut table =
        Table::new(["RUNNER", "ADDRESS", "VERSION", "RUNS", "CALLS", "WAITING", "LACKS", "STATE"]);
    for runner in runners {
        let Runner { address, alive, status, .. } = runner;
        let state = if *alive { "alive" } else { "silent" };
        let Some(told) = status else {
            table.row(["?", address, "?", "?", "?", "?", "?", state]);
            continue;
        };
        let lacks: Vec<String> = told.missing.iter().map(|lack| lack.part.clone()).collect();
        table.row([
            told.name.as_str(),
            address,
            &told.version,
            &told.active_runs.to_string(),
            &told.containers.to_string(),
            &format!("{} runs, {} calls", told.waiting_runs, told.waiting_calls),
            &list(&lacks),
            state,
        ]);
    }
    table
}

fn node_table(nodes: &[Node]) -> Table {
    let mut table =
        Table::new(["NODE", "CORES USED", "MEMORY USED (MiB)", "WARM", "IMAGES", "LACKS", "STATE"]);
    for node in nodes {
        table.row([
            node.name.as_str(),
            &format!("{} of {}", cores(node.cpu_milli_used), cores(node.cpu_milli)),
            &format!("{} of {}", node.memory_mib_used, node.memory_mib),
            &warm(node),
            &list(&node.images),
            &list(&node.missing_images),
            if node.draining { "draining" } else { "open" },
        ]);
    }
    table
}

/// How many containers wait for calls, and may.
fn warm(node: &Node) -> String {
    let ready: u32 = node.pool.classes.iter().map(|class| class.ready).sum();
    format!("{} of {}", ready + node.pool.forking, node.pool.max_containers)
}

fn cores(milli: u64) -> String {
    format!("{}.{}", milli / 1000, milli % 1000 / 100)
}

fn list(names: &[String]) -> String {
    if names.is_empty() { "-".to_owned() } else { names.join(", ") }
}

#[cfg(test)]
mod tests {
    use simulay_api::wire::{Pool, Process};

    use super::*;

    #[test]
    fn a_runner_is_a_row_whether_it_answers_or_not() {
        let lack = Lack { part: "signals".to_owned(), why: "silence".to_owned() };
        let told = Process {
            name: "north".to_owned(),
            version: "0.2.0".to_owned(),
            active_runs: 3,
            waiting_runs: 8,
            containers: 5,
            waiting_calls: 2,
            missing: vec![lack],
        };
        let (address, alive) = ("10.0.0.7:7374".to_owned(), true);
        let alive = Runner { address, alive, why: None, status: Some(told) };
        let silent = Runner { address: "10.0.0.8:7374".to_owned(), alive: false, why: None, status: None };
        let text = runner_table(&[alive, silent]).text();
        for told in
            ["north", "10.0.0.7", "0.2.0", "8 runs, 2 calls", "signals", "alive", "10.0.0.8", "silent"]
        {
            assert!(text.contains(told), "{told} is missing in\n{text}");
        }
    }

    #[test]
    fn a_node_is_a_row() {
        let node = Node {
            name: "node-1".to_owned(),
            cpu_milli: 4000,
            cpu_milli_used: 1500,
            memory_mib: 8192,
            memory_mib_used: 512,
            images: vec!["octave".to_owned()],
            missing_images: Vec::new(),
            draining: true,
            pool: Pool { max_containers: 9, ..Pool::default() },
        };
        let text = node_table(&[node]).text();
        for told in ["node-1", "1.5 of 4.0", "512 of 8192", "0 of 9", "octave", "draining"] {
            assert!(text.contains(told), "{told} is missing in\n{text}");
        }
    }
}
