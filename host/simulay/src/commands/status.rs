//! `simulay status`: the whole, as the server sees it.

use std::process::ExitCode;

use clap::Args;
use simulay_api::wire::{Node, System};

use super::options::ServerOption;
use crate::fault::FAILED;
use crate::terminal::{Table, print, print_json, say};

/// Shows the server, its nodes, how much waits, and what cannot be reached; fails when something cannot.
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
    Ok(if system.missing.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(FAILED) })
}

fn tell(system: &System) -> anyhow::Result<()> {
    let System { version, stats, nodes, missing, .. } = system;
    say(&format!("Simulay {version}"))?;
    say(&format!("{} runs have not ended", stats.unfinished_runs))?;
    if !nodes.is_empty() {
        print(&table(nodes).text())?;
    }
    missing.iter().try_for_each(|lack| say(&format!("missing: {}: {}", lack.part, lack.why)))?;
    Ok(())
}

fn table(nodes: &[Node]) -> Table {
    let mut table = Table::new(["NODE", "CORES USED", "MEMORY USED (MiB)", "IMAGES", "LACKS", "STATE"]);
    for node in nodes {
        table.row([
            node.name.as_str(),
            &format!("{} of {}", cores(node.cpu_milli_used), cores(node.cpu_milli)),
            &format!("{} of {}", node.memory_mib_used, node.memory_mib),
            &list(&node.images),
            &list(&node.missing_images),
            if node.draining { "draining" } else { "open" },
        ]);
    }
    table
}

fn cores(milli: u64) -> String {
    format!("{}.{}", milli / 1000, milli % 1000 / 100)
}

fn list(names: &[String]) -> String {
    if names.is_empty() { "-".to_owned() } else { names.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        };
        let text = table(&[node]).text();
        for told in ["node-1", "1.5 of 4.0", "512 of 8192", "octave", "draining"] {
            assert!(text.contains(told), "{told} is missing in\n{text}");
        }
    }
}
