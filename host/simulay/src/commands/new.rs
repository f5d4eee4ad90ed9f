//! `simulay new`: a project for a plugin of one's own.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use serde_json::json;

use crate::project::{self, Language, ProjectName};
use crate::terminal::{print_json, say};

/// Begins a project for a plugin of your own.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Name of the project and of its pipeline: lower-case words with dashes between.
    name: ProjectName,
    /// What the plugin is written in.
    #[arg(long, value_name = "LANGUAGE")]
    lang: Language,
    /// The folder to make [default: one of that name, here].
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

/// Writes the project and says what to do next.
pub(crate) fn execute(arguments: Arguments, json: bool) -> anyhow::Result<ExitCode> {
    let Arguments { name, lang, dir } = arguments;
    let target = dir.unwrap_or_else(|| PathBuf::from(name.as_str()));
    project::write(lang, &name, &target)?;
    if json {
        print_json(&json!({ "name": name.as_str(), "folder": target }))?;
    } else {
        let component = format!("dist/{}.wasm", name.snake());
        say(&format!("the project {} is in {}", name.as_str(), target.display()))?;
        say(&format!("next: cd {} && ./setup && ./test && ./build", target.display()))?;
        say(&format!("then: simulay plugin test {component}   or: simulay dev"))?;
    }
    Ok(ExitCode::SUCCESS)
}
