//! The caller's program and files become one container call.

use serde::{Deserialize, Serialize};
use simulay_sdk::octave::{self, MAIN, PARAMS, Script};
use simulay_sdk::{Failure, Request, Step, StoredFile};

use crate::params::Params;
use crate::program::{Program, callable};

/// Name of the one call.
pub(crate) const CALL: &str = "program";

/// Where code of ours finds the path of the caller's program: a path is data, never code.
const ENTRY: &str = ".simulay/entry.txt";
/// The working directory, for folders that stay on the path when the program goes elsewhere.
const FOLDER: &str = "/sim";
/// A larger file is taken for a script without a look into it.
const MAX_LOOKED_AT: u64 = 4 << 20;
/// What is nobody's result: our own files, and caches and histories of programs.
const EXCLUDES: &[&str] = &[".simulay/**", ".cache/**", ".config/**", ".local/**", "**/.octave_hist"];

/// What was started.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Started {
    /// Whether only Octave could tell what the program is, so that it may have done nothing.
    pub unclear: bool,
}

pub(crate) fn pre_process(request: &Request<Params>) -> Result<Step<Started>, Failure> {
    let params = &request.params;
    check_path(request)?;
    let (mut script, started) = program(request)?;
    for input in request.inputs() {
        script = script.file(&input.path, input.source());
    }
    for pattern in &params.keep {
        script = script.keep(pattern);
    }
    for pattern in EXCLUDES {
        script = script.exclude(pattern);
    }
    let resources = params.resources(request.inputs().map(|input| input.size));
    let call = script.changed_only().resources(resources).build();
    Ok(Step::new(started, vec![call]))
}

/// Every folder of `path` must hold an uploaded file.
fn check_path(request: &Request<Params>) -> Result<(), Failure> {
    for (index, folder) in request.params.path.iter().enumerate() {
        let holds = |file: StoredFile| {
            file.path.strip_prefix(folder.as_str()).is_some_and(|rest| rest.starts_with('/'))
        };
        if !request.inputs().any(holds) {
            let message = format!("no uploaded file lies in the folder `{folder}`");
            return Err(Failure::invalid(format!("/path/{index}"), message));
        }
    }
    Ok(())
}

/// The script with its parameters, yet without the uploads.
fn program(request: &Request<Params>) -> Result<(Script, Started), Failure> {
    let (script, program) = match &request.params.script {
        Some(text) => given(request, text)?,
        None => uploaded(request)?,
    };
    let started = Started { unclear: program == Program::Unclear };
    let params = &request.params.params;
    match request.input(PARAMS) {
        None => Ok((script.params(params), started)),
        Some(_) if params.is_empty() => Ok((script, started)),
        Some(_) => Err(Failure::invalid("/params", "both `params` and an uploaded `params.json` are given")),
    }
}

fn given(request: &Request<Params>, text: &str) -> Result<(Script, Program), Failure> {
    if request.input(MAIN).is_some() {
        return Err(Failure::invalid("/script", "both `script` and an uploaded `main.m` are given"));
    }
    let program = looked_at("/script", text)?;
    Ok((starting(request, MAIN, &program).text(MAIN, text), program))
}

fn uploaded(request: &Request<Params>) -> Result<(Script, Program), Failure> {
    let entry = &request.params.entry;
    let Some(file) = request.input(entry) else {
        let message = format!("no uploaded file has the path `{entry}`, and no `script` is given");
        return Err(Failure::invalid("/entry", message));
    };
    let program = if file.size > MAX_LOOKED_AT {
        Program::Script
    } else {
        looked_at("/entry", &String::from_utf8_lossy(&file.bytes()?))?
    };
    Ok((starting(request, entry, &program), program))
}

/// What kind of program it is; one that would run nothing is refused.
fn looked_at(pointer: &str, text: &str) -> Result<Program, Failure> {
    match Program::of(text) {
        Program::Nothing => Err(Failure::invalid(
            pointer,
            "the program would run nothing: it has no commands, or only defines functions",
        )),
        Program::Functions { first } if first.is_empty() => Err(Failure::invalid(
            pointer,
            "the program begins with a function that has no name: its header must be `function NAME (...)`",
        )),
        program => Ok(program),
    }
}

/// As `octave-cli FILE` does it at a desk, but for files of which it would run nothing, or only a part.
fn starting(request: &Request<Params>, entry: &str, program: &Program) -> Script {
    let mut command: Vec<String> = ["octave-cli", "-qfHW"].map(str::to_owned).to_vec();
    // The last one given comes to stand first.
    for folder in request.params.path.iter().rev() {
        command.extend(["--path".to_owned(), format!("{FOLDER}/{folder}")]);
    }
    match code(request, entry, program) {
        None => {
            // A leading dash would make it an option.
            let file = if entry.starts_with('-') { format!("./{entry}") } else { entry.to_owned() };
            command.push(file);
            octave::command(CALL, command)
        }
        Some(code) => {
            command.extend(["--eval".to_owned(), code]);
            octave::command(CALL, command).text(ENTRY, entry)
        }
    }
}

/// What to run instead of the file itself; nothing when Octave does right by itself.
fn code(request: &Request<Params>, entry: &str, program: &Program) -> Option<String> {
    let (folder, name) = entry.rsplit_once('/').unwrap_or(("", entry));
    let stem = callable(name).filter(|_| is_found(request, folder, name));
    let source = "source (strtrim (fileread (fullfile (\".simulay\", \"entry.txt\"))));";
    match (program, stem) {
        (Program::Script | Program::Unclear | Program::Nothing, _) | (Program::Functions { .. }, Some(_)) => {
            None
        }
        (Program::Functions { first }, None) => Some(format!("{source} {first} ();")),
        (Program::FunctionsFirst, None) => Some(source.to_owned()),
        // Octave would call the first function and leave the commands, unless that name means something else.
        (Program::FunctionsFirst, Some(stem)) => Some(format!(
            "warning (\"off\", \"Octave:function-name-clash\"); eval (\"function {stem} (), end\"); {source}"
        )),
    }
}

/// Whether Octave, asked for this name, comes to this folder first.
fn is_found(request: &Request<Params>, folder: &str, name: &str) -> bool {
    let path = &request.params.path;
    let before = path.iter().position(|other| other == folder);
    let holds = |other: &String| request.input(&format!("{other}/{name}")).is_some();
    let hidden = |before: usize| request.input(name).is_some() || path.iter().take(before).any(holds);
    folder.is_empty() || before.is_some_and(|before| !hidden(before))
}
