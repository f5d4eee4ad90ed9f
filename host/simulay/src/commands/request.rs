//! What a run is asked to simulate, from the command line.

use std::io::Read as _;
use std::path::Path;

use clap::Args;
use serde_json::{Value, json};
use simulay_model::{Clash, RelativePath};

use crate::fault::Usage;
use crate::gathering::{Gathered, Input, gather, told};
use crate::terminal::remark;

/// Parameters, inputs and seed of a run.
#[derive(Debug, Args)]
pub(crate) struct RequestOptions {
    /// Parameters: JSON, @FILE, or @- for standard input.
    #[arg(long, value_name = "JSON|@FILE", default_value = "{}")]
    params: String,
    /// A file for the run, and the name it gets there, or a folder, whose files are named as in it, below
    /// NAME when one is given; may be given several times.
    #[arg(long = "input", value_name = "PATH[=NAME]")]
    inputs: Vec<String>,
    /// Takes along the hidden files of folders, and those that a .gitignore names.
    #[arg(long)]
    all_files: bool,
    /// Seed of everything random; drawn when not given.
    #[arg(long)]
    pub(crate) seed: Option<u64>,
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

    /// The inputs, no two of one name; what is left out of folders is told.
    pub(crate) fn inputs(&self, json: bool) -> Result<Vec<Input>, Usage> {
        let mut inputs = Vec::new();
        for text in &self.inputs {
            let Gathered { files, left_out } = self.input(text)?;
            told(&left_out).iter().for_each(|line| remark(line, json));
            inputs.extend(files);
        }
        check_apart(&inputs)?;
        Ok(inputs)
    }

    /// Reads `PATH` or `PATH=NAME`; a path whose own name has a `=` is meant as it is.
    fn input(&self, text: &str) -> Result<Gathered, Usage> {
        let whole = Path::new(text);
        let (path, name) = match text.rsplit_once('=') {
            Some((path, name)) if !whole.exists() => (Path::new(path), Some(name)),
            _ => (whole, None),
        };
        if path.is_dir() {
            return self.folder(path, name);
        }
        if !path.is_file() {
            return Err(Usage(format!("--input: there is no file or folder {}", path.display())));
        }
        let own = || path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let name = relative(name.map_or_else(own, str::to_owned))?;
        Ok(Gathered { files: vec![Input { file: path.to_owned(), name }], left_out: Vec::new() })
    }

    fn folder(&self, folder: &Path, name: Option<&str>) -> Result<Gathered, Usage> {
        let prefix = name.map(|name| relative(name.to_owned())).transpose()?;
        let found = gather(folder, prefix.as_ref(), self.all_files)?;
        if found.files.is_empty() {
            let lines: String = told(&found.left_out).iter().map(|line| format!("\n  {line}")).collect();
            return Err(Usage(format!("--input: {} has no file to take{lines}", folder.display())));
        }
        Ok(found)
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

fn relative(name: String) -> Result<RelativePath, Usage> {
    RelativePath::new(name.clone()).map_err(|rule| Usage(format!("--input: `{name}` is no name: {rule}")))
}

/// Refuses files that cannot lie in one folder.
fn check_apart(inputs: &[Input]) -> Result<(), Usage> {
    let Some(clash) = Clash::among(inputs.iter().map(|input| &input.name)) else { return Ok(()) };
    let (Clash::Same(one, other) | Clash::Folder(one, other)) = clash;
    let shown = |place: usize| {
        inputs.get(place).map(|input| format!("{} (from {})", input.name, input.file.display()))
    };
    let [one, other] = [one, other].map(|place| shown(place).unwrap_or_default());
    Err(Usage(format!("--input: {one} and {other} cannot both be in the run; rename one with PATH=NAME")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(params: &str) -> RequestOptions {
        RequestOptions { params: params.into(), inputs: Vec::new(), all_files: false, seed: None }
    }

    fn with_inputs(inputs: &[String]) -> Result<Vec<Input>, Usage> {
        RequestOptions { inputs: inputs.to_vec(), ..options("{}") }.inputs(false)
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
        let named =
            |text: &str| with_inputs(&[text.to_owned()]).map(|inputs| inputs[0].name.as_str().to_owned());
        assert_eq!(named(&file.display().to_string()).unwrap(), "a=b.csv");
        assert_eq!(named(&format!("{}=in/mesh.csv", file.display())).unwrap(), "in/mesh.csv");
        assert_eq!(named(&directory.path().display().to_string()).unwrap(), "a=b.csv");
        assert_eq!(named(&format!("{}=in", directory.path().display())).unwrap(), "in/a=b.csv");
        assert!(named(&format!("{}=../x", file.display())).is_err());
        assert!(named("/nowhere").is_err());
    }

    #[test]
    fn files_and_folders_mix_unless_they_meet() {
        let directory = tempfile::tempdir().unwrap();
        for name in ["one/main.m", "two/main.m", "two/f.m"] {
            let file = directory.path().join(name);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, "").unwrap();
        }
        let at = |name: &str| directory.path().join(name).display().to_string();
        assert_eq!(with_inputs(&[at("one"), at("two/f.m")]).unwrap().len(), 2);
        let both = with_inputs(&[at("one"), at("two")]).unwrap_err().to_string();
        assert!(both.contains("one/main.m") && both.contains("two/main.m"), "{both}");
        let folder = with_inputs(&[at("one"), format!("{}=main.m/x", at("two/f.m"))]);
        assert!(folder.unwrap_err().to_string().contains("cannot both be"));
    }

    #[test]
    fn an_empty_folder_is_told_with_what_was_left_out() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join(".hidden"), "").unwrap();
        let refused = with_inputs(&[directory.path().display().to_string()]).unwrap_err().to_string();
        assert!(refused.contains("has no file to take") && refused.contains(".hidden"), "{refused}");
    }

    #[test]
    fn a_seed_goes_out_losslessly() {
        let options = RequestOptions { seed: Some(u64::MAX), ..options("{}") };
        assert_eq!(options.body(&json!({}), &[])["seed"], json!(u64::MAX));
        assert!(super::tests::options("{}").body(&json!({}), &[]).get("seed").is_none());
    }
}
