//! The way of a plugin's author, in each language: begin, set up, test, build, try, upload, trigger; and the examples
//! we give authors.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::host::{Host, image};

const SIMULAY: &str = env!("CARGO_BIN_EXE_simulay");

fn checkout() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// Tool chains that all projects here share.
pub(crate) fn tools() -> PathBuf {
    std::env::var_os("SIMULAY_TOOLS").map_or_else(|| checkout().join("target/simulay/tools"), PathBuf::from)
}

fn command(folder: &Path, program: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(folder).env("SIMULAY_TOOLS", tools());
    command.env("SIMULAY__IMAGES__OCTAVE", image());
    command
}

/// Runs a program of the author's; what it prints.
fn does(folder: &Path, program: &str, arguments: &[&str]) -> String {
    let mut command = command(folder, program, arguments);
    let output = command.output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{}: {program} {arguments:?}:\n{out}\n{err}", folder.display());
    out.into_owned()
}

/// Sets a project up, tests it, builds it and runs its examples in Octave; gives the component.
fn try_out(project: &Path, name: &str) -> Vec<u8> {
    for script in ["./setup", "./test", "./build"] {
        does(project, script, &[]);
    }
    let component = format!("dist/{}.wasm", name.replace('-', "_"));
    let told: Value =
        serde_json::from_str(&does(project, SIMULAY, &["--json", "plugin", "test", &component])).unwrap();
    assert_eq!(told["agrees"], true, "{told}");
    let references = told["examples"][0]["comparisons"].as_array().unwrap();
    assert!(!references.is_empty(), "the first example is a reference: {told}");
    fs::read(project.join(component)).unwrap()
}

/// Goes the whole way with what `simulay new` gives.
async fn author(language: &str) {
    let home = tempfile::tempdir().unwrap();
    let name = format!("first-{language}");
    does(home.path(), SIMULAY, &["new", "--lang", language, &name]);
    let component = try_out(&home.path().join(&name), &name);
    serve(&name, component).await;
}

/// Uploads the component and triggers its first example, or what it does without parameters; the outcome.
async fn serve(name: &str, component: Vec<u8>) -> Value {
    let data = tempfile::tempdir().unwrap();
    let host = Host::start(data.path());
    let (status, plugin) = host.post_bytes("/v1/plugins", "application/wasm", component).await;
    assert_eq!((status, &plugin["name"]), (201, &json!(name)), "{plugin}");
    let pipeline = host.get(&format!("/v1/pipelines/{name}")).await;
    let nothing = json!({});
    let example = ["/examples/0/params", "/manifest/examples/0/params"];
    let params = example.iter().find_map(|place| pipeline.pointer(place)).unwrap_or(&nothing);
    let run = host.outcome(name, params, &[]).await;
    run["report"]["outcome"].clone()
}

/// An example of ours builds from what is committed, holds its tests, and gives its numbers in Octave.
fn example(name: &str) {
    try_out(&checkout().join("examples/plugins").join(name), name);
}

/// A plugin built against the contract, without our library, is accepted and runs.
async fn contract_only(language: &str, name: &str) -> Value {
    let folder = checkout().join("examples/contract-only").join(language);
    does(&folder, "./build", &[]);
    serve(name, fs::read(folder.join(format!("dist/{}.wasm", name.replace('-', "_")))).unwrap()).await
}

#[tokio::test]
async fn rust() {
    author("rust").await;
}

#[tokio::test]
async fn python() {
    author("python").await;
}

#[tokio::test]
async fn javascript() {
    author("js").await;
}

#[tokio::test]
async fn c() {
    author("c").await;
}

#[test]
fn the_example_in_python_gives_its_numbers() {
    example("pid-tuning");
}

#[test]
fn the_example_in_typescript_gives_its_numbers() {
    example("filter-design");
}

#[test]
fn the_example_in_c_gives_its_numbers() {
    example("chain-modes");
}

/// Replaces the line of a file that begins so.
fn damage(file: &Path, begins: &str, line: &str) {
    let text = fs::read_to_string(file).unwrap();
    let damaged: Vec<&str> =
        text.lines().map(|old| if old.starts_with(begins) { line } else { old }).collect();
    fs::write(file, damaged.join("\n")).unwrap();
}

#[test]
fn dev_points_at_the_line_that_is_wrong() {
    let home = tempfile::tempdir().unwrap();
    does(home.path(), SIMULAY, &["new", "--lang", "c", "broken"]);
    let project = home.path().join("broken");
    does(&project, "./setup", &[]);
    damage(&project.join("octave/main.m"), "n = ", "n = p.nodes + nothing;");
    let words = home.path().join("stderr");
    let mut dev = command(&project, SIMULAY, &["--json", "dev"]);
    let mut dev = dev.stdout(Stdio::piped()).stderr(File::create(&words).unwrap()).spawn().unwrap();
    let mut documents = BufReader::new(dev.stdout.take().unwrap()).lines();
    let octave = documents.next();
    damage(&project.join("src/broken.c"), "#define RESULT", "#define RESULT nothing");
    let build = documents.next();
    dev.kill().unwrap();
    dev.wait().unwrap();
    let words = fs::read_to_string(&words).unwrap();
    let told = |line: Option<std::io::Result<String>>| -> Value {
        serde_json::from_str(&line.unwrap_or_else(|| panic!("{words}")).unwrap()).unwrap()
    };
    assert_eq!(told(octave)["place"], json!({ "file": "octave/main.m", "line": 3 }), "{words}");
    assert_eq!(told(build), json!({ "built": false }), "{words}");
    assert!(words.contains("src/broken.c:"), "{words}");
}

#[tokio::test]
async fn the_contract_alone_is_enough_in_rust() {
    assert_eq!(contract_only("rust", "contract-only").await, json!({ "sum": 5050 }));
}

#[tokio::test]
async fn the_contract_alone_is_enough_in_python() {
    assert_eq!(contract_only("python", "contract-only-python").await, json!({ "sum": 5050 }));
}

#[tokio::test]
async fn the_contract_alone_is_enough_in_javascript() {
    let outcome = contract_only("js", "contract-only-js").await;
    assert!((outcome["area"].as_f64().unwrap() - 2.0).abs() < 1e-12, "{outcome}");
}

#[tokio::test]
async fn the_contract_alone_is_enough_in_c() {
    let outcome = contract_only("c", "contract-only-c").await;
    // pi^2 / 6, less the rest of the series after a thousand: 1/1000 - 1/(2 * 1000^2) + 1/(6 * 1000^3).
    let rest = 1e-3 - 5e-7 + 1e-9 / 6.0;
    let sum = std::f64::consts::PI.powi(2) / 6.0 - rest;
    assert!((outcome["sum"].as_f64().unwrap() - sum).abs() < 1e-12, "{outcome}");
}
