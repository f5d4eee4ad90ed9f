//! A model of many files, from a folder to its answer.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::host::Host;

const FUNCTIONS: usize = 900;

/// A program whose answer needs every one of its files.
fn model(folder: &Path) {
    for n in 0..FUNCTIONS {
        let place = folder.join(format!("lib/part{}/f{n}.m", n % 30));
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        fs::write(place, format!("function y = f{n}()\n  y = {n} / 7;\nend\n")).unwrap();
    }
    let main = format!(
        "addpath(genpath('lib')); s = 0; for n = 0:{}, s = s + feval(sprintf('f%d', n)); end
        f = fopen('result.json', 'w'); fprintf(f, '{{\"sum\": %.17g}}', s); fclose(f);",
        FUNCTIONS - 1
    );
    fs::write(folder.join("main.m"), main).unwrap();
}

fn expected() -> f64 {
    (0..FUNCTIONS).map(|n| f64::from(u32::try_from(n).unwrap()) / 7.0).sum()
}

fn check(run: &Value) {
    let sum = run["report"]["outcome"]["result"]["sum"].as_f64().unwrap_or_else(|| panic!("{run}"));
    assert!((sum - expected()).abs() <= 1e-9 * expected(), "{sum}");
}

#[tokio::test]
async fn a_folder_of_900_files_gives_the_answer_it_gives_at_a_desk() {
    let (data, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    model(folder.path());
    let host = Host::start(data.path());
    host.upload("octave-script").await;
    let input = folder.path().to_str().unwrap();
    let output = host.simulay(&["runs", "create", "octave-script", "--input", input, "--wait", "--json"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    check(&serde_json::from_slice(&output.stdout).unwrap());
}

#[tokio::test]
async fn an_archive_gives_the_same() {
    let (data, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    model(folder.path());
    let packed =
        std::process::Command::new("tar").args(["-cz", "-C"]).arg(folder.path()).arg(".").output().unwrap();
    assert!(packed.status.success());
    let host = Host::start(data.path());
    host.upload("octave-script").await;
    let (status, unpacked) = host.post_bytes("/v1/inputs/archive", "application/gzip", packed.stdout).await;
    assert_eq!((status, unpacked["left_out"].clone()), (201, json!([])), "{unpacked}");
    let inputs = unpacked["inputs"].as_array().unwrap();
    check(&host.outcome("octave-script", &json!({}), inputs).await);
}
