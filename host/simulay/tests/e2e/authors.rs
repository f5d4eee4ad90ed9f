//! The way of a plugin's author, in each language: begin, set up, test, build, try, upload, trigger.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::host::{Host, image};

/// Tool chains that all projects here share.
fn tools() -> PathBuf {
    let usual = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/simulay/tools");
    std::env::var_os("SIMULAY_TOOLS").map_or(usual, PathBuf::from)
}

/// Runs a program of the author's; what it prints.
fn does(folder: &Path, program: &str, arguments: &[&str]) -> String {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(folder).env("SIMULAY_TOOLS", tools());
    command.env("SIMULAY__IMAGES__OCTAVE", image());
    let output = command.output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{program} {arguments:?}:\n{out}\n{err}");
    out.into_owned()
}

async fn author(language: &str) {
    let template = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../sdk/templates").join(language);
    assert!(template.is_dir(), "there is no template for {language}");
    let home = tempfile::tempdir().unwrap();
    let name = format!("first-{language}");
    let simulay = env!("CARGO_BIN_EXE_simulay");
    does(home.path(), simulay, &["new", "--lang", language, &name]);
    let project = home.path().join(&name);
    for script in ["./setup", "./test", "./build"] {
        does(&project, script, &[]);
    }
    let component = format!("dist/{}.wasm", name.replace('-', "_"));
    let told: Value =
        serde_json::from_str(&does(&project, simulay, &["--json", "plugin", "test", &component])).unwrap();
    assert_eq!(told["agrees"], true, "{told}");
    let references = told["examples"][0]["comparisons"].as_array().unwrap();
    assert!(!references.is_empty(), "the first example is a reference: {told}");
    serve(&name, std::fs::read(project.join(component)).unwrap()).await;
}

/// Uploads the component and triggers its first example.
async fn serve(name: &str, component: Vec<u8>) {
    let data = tempfile::tempdir().unwrap();
    let host = Host::start(data.path());
    let (status, plugin) = host.post_bytes("/v1/plugins", "application/wasm", component).await;
    assert_eq!((status, &plugin["name"]), (201, &json!(name)), "{plugin}");
    let pipeline = host.get(&format!("/v1/pipelines/{name}")).await;
    let params =
        pipeline.pointer("/examples/0/params").or_else(|| pipeline.pointer("/manifest/examples/0/params"));
    let params = params.unwrap_or_else(|| panic!("an example in {pipeline}"));
    host.outcome(name, params, &[]).await;
}

#[tokio::test]
async fn rust() {
    author("rust").await;
}
