//! What a run is asked to simulate, from the command line.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Value, json};
use simulay_model::RelativePath;

use crate::fault::Usage;

/// Parameters, inputs and seed of a run.
#[derive(Debug, Args)]
pub(crate) struct RequestOptions {
    /// Parameters: JSON, @FILE, or @- for standard input.
    #[arg(long, value_name = "JSON|@FILE", default_value = "{}")]
    params: String,
    /// A file for the run, and the name it gets there; may be given several times.
    #[arg(long = "input", value_name = "PATH[=NAME]")]
    inputs: Vec<String>,
    /// Seed of everything random; drawn when not given.
    #[arg(long)]
    pub(crate) seed: Option<u64>,
}

/// A file of the user's under the name it gets in the run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Input {
    /// Where it lies.
    pub(crate) file: PathBuf,
    /// Name for the plugin.
    pub(crate) name: RelativePath,
}

impl RequestOptions {
    /// The parameters.
    pub(crate) fn params(&self) -> Result<Value, Usage> {
        let text = match self.params.strip_prefix('@') {
            Some("-") => read_standard_input()?,
            Some(file) => std::fs::read_to_string(file)
                .map_err(|error| Usage(format!("--params: {file} cannot be read: {error}")))?,
            None => self.params.clone(),
        };
        serde_json::from_str(&text).map_err(|error| Usage(format!("--params is no JSON document: {error}")))
    }

    /// The inputs; each names a file that is there.
    pub(crate) fn inputs(&self) -> Result<Vec<Input>, Usage> {
        self.inputs.iter().map(|text| input(text)).collect()
    }

    /// The body of a request to the server.
    pub(crate) fn body(&self, params: &Value, inputs: &[(RelativePath, simulay_model::Digest)]) -> Value {
        let inputs: Vec<Value> =
            inputs.iter().map(|(path, sha256)| json!({ "path": path, "sha256": sha256 })).collect();
        let mut body = json!({ "params": params, "inputs": inputs });
        if let (Some(seed), Value::Object(fields)) = (self.seed, &mut body) {
            fields.insert(String::from("seed"), seed.into());
        }
        body
    }
}

fn read_standard_input() -> Result<String, Usage> {
    let mut text = String::new();
    let read = std::io::stdin().read_to_string(&mut text);
    read.map_err(|error| Usage(format!("--params: standard input cannot be read: {error}")))?;
    Ok(text)
}

/// Reads `PATH` or `PATH=NAME`; a file whose own name has a `=` is meant as it is.
fn input(text: &str) -> Result<Input, Usage> {
    let whole = Path::new(text);
    let (file, name) = match text.rsplit_once('=') {
        Some((file, name)) if !whole.is_file() => (Path::new(file), name.to_owned()),
        _ => (whole, whole.file_name().unwrap_or_default().to_string_lossy().into_owned()),
    };
    if !file.is_file() {
        return Err(Usage(format!("--input: there is no file {}", file.display())));
    }
    let name = RelativePath::new(name.clone())
        .map_err(|rule| Usage(format!("--input: `{name}` is no name: {rule}")))?;
    Ok(Input { file: file.to_owned(), name })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(params: &str) -> RequestOptions {
        RequestOptions { params: params.into(), inputs: Vec::new(), seed: None }
    }

    #[test]
    fn parameters_come_from_the_line_or_a_file() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("p.json");
        std::fs::write(&file, "{\"n\": 1}").unwrap();
        assert_eq!(options("{\"n\":1}").params().unwrap(), json!({ "n": 1 }));
        assert_eq!(options(&format!("@{}", file.display())).params().unwrap(), json!({ "n": 1 }));
        assert!(options("{n:1}").params().is_err());
        assert!(options("@/nowhere").params().is_err());
    }

    #[test]
    fn inputs_may_be_renamed() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("a=b.csv");
        std::fs::write(&file, "").unwrap();
        let named = |text: &str| input(text).map(|input| input.name.as_str().to_owned());
        assert_eq!(named(&file.display().to_string()).unwrap(), "a=b.csv");
        assert_eq!(named(&format!("{}=in/mesh.csv", file.display())).unwrap(), "in/mesh.csv");
        assert!(named(&format!("{}=../x", file.display())).is_err());
        assert!(named("/nowhere").is_err());
    }

    #[test]
    fn a_seed_goes_out_losslessly() {
        let options = RequestOptions { seed: Some(u64::MAX), ..options("{}") };
        assert_eq!(options.body(&json!({}), &[])["seed"], json!(u64::MAX));
        assert!(super::tests::options("{}").body(&json!({}), &[]).get("seed").is_none());
    }
}
