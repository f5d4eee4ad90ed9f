//! Shows a simulation from upload to plots, over REST.

use std::ffi::OsString;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::Context as _;
use serde_json::Value;

use crate::digest;
use crate::place::Place;
use crate::process::{read, run};
use crate::server::Server;
use crate::setup;

const PIPELINE: &str = "heat-equation";

/// Sets up, serves, uploads the heat equation, runs it, saves its results, stops.
pub(crate) fn execute(place: &Place) -> anyhow::Result<()> {
    let octave = setup::everything(place)?;
    let begun = Instant::now();
    let plugin = place.plugin(PIPELINE);
    let data = data(place, &plugin)?;
    let server = Server::start(place, &data, &octave)?;
    println!("a host serves at {}", server.url());
    let client = Client::new(place, [("SIMULAY_SERVER", server.url().into())]);
    show(place, &client, &data.join("out"))?;
    server.stop()?;
    println!("the demo took {:.1} s after the set-up", begun.elapsed().as_secs_f64());
    Ok(())
}

/// Uploads the heat equation, runs it, and saves its results in `out`.
pub(crate) fn show(place: &Place, client: &Client, out: &Path) -> anyhow::Result<()> {
    let plugin = place.plugin(PIPELINE);
    run(client.simulay(&["plugin", "upload"]).arg(&plugin))?;
    let id = client.create(&example(place, &plugin)?)?;
    println!("run {id} of {PIPELINE}");
    run(&mut client.simulay(&["runs", "watch", &id]))?;
    let outcome = client.outcome(&id)?;
    clear(out)?;
    run(client.simulay(&["runs", "artifacts", &id, "--out"]).arg(out))?;
    println!("\n{}", error_line(&outcome)?);
    println!("plots and tables in {}: {}", out.display(), saved(out)?.join(", "));
    Ok(())
}

/// The command line as a client of the host.
pub(crate) struct Client {
    simulay: PathBuf,
    environment: Vec<(&'static str, OsString)>,
}

impl Client {
    /// The command with these variables, which say where the host is.
    pub(crate) fn new(
        place: &Place,
        environment: impl IntoIterator<Item = (&'static str, OsString)>,
    ) -> Self {
        Self { simulay: place.simulay(), environment: environment.into_iter().collect() }
    }

    fn simulay(&self, arguments: &[&str]) -> Command {
        let mut simulay = Command::new(&self.simulay);
        simulay.args(arguments).envs(self.environment.iter().map(|(name, value)| (name, value)));
        simulay
    }

    fn create(&self, params: &Value) -> anyhow::Result<String> {
        let params = params.to_string();
        let printed =
            read(&mut self.simulay(&["runs", "create", PIPELINE, "--seed", "1", "--params", &params]))?;
        Ok(printed.trim().to_owned())
    }

    fn outcome(&self, id: &str) -> anyhow::Result<Value> {
        let run: Value = serde_json::from_str(&read(&mut self.simulay(&["runs", "show", id, "--json"]))?)?;
        run.pointer("/report/outcome").cloned().context("the run has no outcome")
    }
}

/// The parameters of the first example that the plugin gives.
fn example(place: &Place, plugin: &Path) -> anyhow::Result<Value> {
    let mut inspect = Command::new(place.simulay());
    let manifest: Value =
        serde_json::from_str(&read(inspect.args(["--json", "plugin", "inspect"]).arg(plugin))?)?;
    let params = manifest.pointer("/examples/0/params").context("the plugin gives no example")?;
    // A manifest may hold its documents as JSON text.
    match params {
        Value::String(text) => serde_json::from_str(text).context("the example is no JSON"),
        other => Ok(other.clone()),
    }
}

fn error_line(outcome: &Value) -> anyhow::Result<String> {
    let number = |name: &str| {
        outcome.get(name).and_then(Value::as_f64).with_context(|| format!("the outcome has no {name}"))
    };
    let (largest, mean) = (number("max_error_K")?, number("rms_error_K")?);
    Ok(format!("error against the analytic solution: max {largest:.3e} K, rms {mean:.3e} K"))
}

/// The data directory. A published version never changes: when the plugin did, all begins anew.
fn data(place: &Place, plugin: &Path) -> anyhow::Result<PathBuf> {
    let folder = place.made("demo")?;
    let marker = folder.join("plugin.sha256");
    let digest = digest::of(&[&fs::read(plugin)?]);
    if !fs::read_to_string(&marker).is_ok_and(|known| known == digest) {
        clear(&folder)?;
        fs::create_dir(&folder)?;
        fs::write(marker, digest)?;
    }
    Ok(folder)
}

/// Removes what an earlier demo left.
fn clear(folder: &Path) -> anyhow::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(error).with_context(|| format!("{} cannot be cleared", folder.display()))
        }
        _ => Ok(()),
    }
}

/// The files of the report, which lie at the top.
fn saved(folder: &Path) -> anyhow::Result<Vec<String>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("{} cannot be read", folder.display()))? {
        let entry = entry?;
        if entry.path().is_file() {
            files.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_error_is_told_with_its_unit() {
        let line = error_line(&json!({ "max_error_K": 0.0125, "rms_error_K": 3e-4 })).unwrap();
        assert_eq!(line, "error against the analytic solution: max 1.250e-2 K, rms 3.000e-4 K");
        assert!(error_line(&json!({ "max_error_K": 1 })).is_err());
    }
}
