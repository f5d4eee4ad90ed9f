//! `simulay new`.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use crate::command::{complaint, run, said};

const SCRIPTS: [&str; 4] = ["setup", "build", "test", "ci"];

/// The languages whose template this checkout has whole.
fn languages() -> Vec<&'static str> {
    let templates = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../sdk/templates");
    ["rust", "python", "js", "c"]
        .into_iter()
        .filter(|name| templates.join(name).join("README.md").is_file())
        .collect()
}

#[test]
fn a_project_has_what_its_readme_names() {
    let home = tempfile::tempdir().unwrap();
    for language in languages() {
        let name = format!("heat-{language}-2d");
        let output = run(home.path(), ["new", "--lang", language, &name]);
        assert_eq!(output.status.code(), Some(0), "{}", complaint(&output));
        assert!(said(&output).contains(&format!("cd {name} && ./setup && ./test && ./build")));
        let project = home.path().join(&name);
        for script in SCRIPTS {
            let mode = fs::metadata(project.join(script)).unwrap().permissions().mode();
            assert_eq!(mode & 0o111, 0o111, "{language}/{script}");
        }
        for file in ["plugin.toml", "README.md", "wit/simulay.wit", "octave/main.m", ".gitignore"] {
            assert!(project.join(file).is_file(), "{language}/{file}");
        }
        let described = fs::read_to_string(project.join("plugin.toml")).unwrap();
        assert!(described.contains(&format!("dist/{}.wasm", name.replace('-', "_"))), "{described}");
    }
}

#[test]
fn nothing_of_the_templates_name_is_left() {
    let home = tempfile::tempdir().unwrap();
    for language in languages() {
        let name = format!("plate-{language}");
        assert_eq!(run(home.path(), ["new", "--lang", language, &name]).status.code(), Some(0));
        for file in files(&home.path().join(&name)) {
            let text = String::from_utf8_lossy(&fs::read(&file).unwrap()).into_owned();
            for written in ["my-pipeline", "my_pipeline", "MyPipeline"] {
                assert!(!text.contains(written) && !file.to_string_lossy().contains(written), "{file:?}");
            }
        }
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

#[test]
fn what_is_there_is_not_touched() {
    let home = tempfile::tempdir().unwrap();
    let Some(language) = languages().first().copied() else { return };
    fs::create_dir(home.path().join("beam")).unwrap();
    fs::write(home.path().join("beam/mine"), "mine").unwrap();
    let output = run(home.path(), ["new", "--lang", language, "beam"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(complaint(&output).contains("--dir"), "{}", complaint(&output));
    assert_eq!(fs::read_dir(home.path()).unwrap().count(), 1, "nothing is left over");
    let elsewhere = run(home.path(), ["new", "--lang", language, "beam", "--dir", "projects/beam-2"]);
    assert_eq!(elsewhere.status.code(), Some(0), "{}", complaint(&elsewhere));
    assert!(home.path().join("projects/beam-2/plugin.toml").is_file());
}

#[test]
fn a_wrong_name_or_language_is_told_with_its_rule() {
    let home = tempfile::tempdir().unwrap();
    for (arguments, rule) in [
        (["new", "--lang", "rust", "Beam"], "lower-case letters"),
        (["new", "--lang", "rust", "a--b"], "single dashes"),
        (["new", "--lang", "rust", "simulay"], "take another"),
        (["new", "--lang", "cobol", "beam"], "rust, python, js, c"),
    ] {
        let output = run(home.path(), arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(complaint(&output).contains(rule), "{}", complaint(&output));
    }
}
