//! What plugins are built with, in the languages that need more than this machine has.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread;

use anyhow::Context as _;

use crate::place::Place;
use crate::process::{joined, log, run};
use crate::step::{say, step};

/// A language, the library its projects carry, and the scripts of its template that fetch its tools.
type Chain = (&'static str, &'static str, &'static [&'static str]);

/// The first build in C compiles the C library, which all later ones use.
const CHAINS: [Chain; 3] = [
    ("python", "sdk/python/simulay", &["setup"]),
    ("js", "sdk/js/simulay", &["setup"]),
    ("c", "sdk/c/simulay", &["setup", "build"]),
];

/// Fetches the tools of all languages side by side, unless the same are there.
pub(super) fn ensure(place: &Place) -> anyhow::Result<()> {
    thread::scope(|scope| {
        let chains = CHAINS.map(|chain| scope.spawn(move || ensure_chain(place, chain)));
        chains.into_iter().try_for_each(joined)
    })
}

fn ensure_chain(place: &Place, (language, library, scripts): Chain) -> anyhow::Result<()> {
    let template = place.root().join("sdk/templates").join(language);
    let wanted = wanted(&template, scripts)?;
    let tools = place.made("tools")?;
    let mark = tools.join(format!("{language}.wanted"));
    if fs::read_to_string(&mark).is_ok_and(|fetched| fetched == wanted) {
        say(&format!("the tools of {language} are there"));
        return Ok(());
    }
    step(&format!("fetching the tools of {language}"), || {
        let project = tempfile::tempdir()?;
        copy(&template.join("."), project.path())?;
        copy(&place.root().join(library), project.path())?;
        for script in scripts {
            let mut command = Command::new(project.path().join(script));
            log(command.env("SIMULAY_TOOLS", &tools), &place.made(&format!("{language}.log"))?)?;
        }
        Ok(())
    })?;
    fs::write(&mark, wanted).with_context(|| format!("{} cannot be written", mark.display()))
}

/// What says which tools these are: scripts, and the list of packages where there is one.
fn wanted(template: &Path, scripts: &[&str]) -> anyhow::Result<String> {
    let mut text = fs::read_to_string(template.join("package.json")).unwrap_or_default();
    for script in scripts {
        let file = template.join(script);
        text += &fs::read_to_string(&file).with_context(|| format!("{} cannot be read", file.display()))?;
    }
    Ok(text)
}

fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    run(Command::new("cp").arg("-R").arg(from).arg(to))
}
