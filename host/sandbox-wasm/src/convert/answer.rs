//! What a plugin answers, checked.

use std::collections::HashSet;

use simulay_model::{
    ContainerCall, Digest, Document, Failure, File, Next, OnFailure, Plot, RelativePath, Report, ReportFile,
    Resources, Series, Source, Step, check_text,
};
use simulay_sandbox::CallError;

use crate::bindings::exports::simulay::plugin::pipeline as wit;
use crate::bindings::simulay::plugin::types;
use crate::json;
use crate::messages::cut;

const MAX_FAILURE_BYTES: usize = 16 << 10;
const MAX_LABEL_BYTES: usize = 1 << 10;
const MAX_MEDIA_TYPE_BYTES: usize = 255;

/// How much an answer may hold.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    /// Calls in one step.
    pub(crate) calls: usize,
    /// Bytes of one JSON document.
    pub(crate) json_bytes: usize,
}

/// A step, checked as far as its own shape goes; the policy of the containers comes later.
pub(crate) fn step(said: wit::Step, bounds: &Bounds) -> Result<Step, CallError> {
    if said.calls.len() > bounds.calls {
        let limit = bounds.calls;
        return Err(CallError::ResultTooLarge(format!("a step has at most {limit} container calls")));
    }
    check_names(&said.calls)?;
    let calls = said.calls.into_iter().enumerate().map(|(n, said)| call(&format!("calls[{n}]"), said));
    Ok(Step { calls: calls.collect::<Result<_, _>>()?, state: document("state", &said.state, bounds)? })
}

/// What follows a step.
pub(crate) fn next(said: wit::Next, bounds: &Bounds) -> Result<Next, CallError> {
    match said {
        wit::Next::Done(said) => report(said, bounds).map(Next::Done),
        wit::Next::Again(said) => step(said, bounds).map(Next::Again),
    }
}

/// A plugin's own reason, cut to its bound.
pub(crate) fn failure(said: &wit::Failure) -> Failure {
    let brief = |text: &str| cut(text, MAX_FAILURE_BYTES).to_owned();
    match said {
        wit::Failure::Invalid((pointer, message)) => {
            Failure::Invalid { pointer: brief(pointer), message: brief(message) }
        }
        wit::Failure::Simulation(message) => Failure::Simulation(brief(message)),
    }
}

// Steps

fn check_names(calls: &[types::ContainerCall]) -> Result<(), CallError> {
    let mut names = HashSet::new();
    match calls.iter().position(|call| !names.insert(&call.name)) {
        Some(index) => Err(invalid(format!("calls[{index}].name"), "must be unique within the step")),
        None => Ok(()),
    }
}

fn call(at: &str, said: types::ContainerCall) -> Result<ContainerCall, CallError> {
    let files = said.files.into_iter().enumerate();
    Ok(ContainerCall {
        name: said.name,
        image: said.image,
        command: said.command,
        env: said.env,
        files: files.map(|(n, said)| file(&format!("{at}.files[{n}]"), said)).collect::<Result<_, _>>()?,
        outputs: said.outputs,
        excludes: said.excludes,
        keep_unchanged: said.keep_unchanged,
        resources: resources(said.resources),
        on_failure: match said.on_failure {
            types::OnFailure::FailRun => OnFailure::FailRun,
            types::OnFailure::Report => OnFailure::Report,
        },
        deterministic: said.deterministic,
    })
}

const fn resources(said: types::Resources) -> Resources {
    Resources {
        cpu_milli: said.cpu_milli,
        memory_mib: said.memory_mib,
        scratch_mib: said.scratch_mib,
        timeout_ms: said.timeout_ms,
    }
}

fn file(at: &str, said: types::File) -> Result<File, CallError> {
    Ok(File { path: said.path, content: source(at, said.content)? })
}

fn source(at: &str, said: types::Source) -> Result<Source, CallError> {
    Ok(match said {
        types::Source::Text(text) => Source::Text(text),
        types::Source::Bytes(bytes) => Source::Bytes(bytes),
        types::Source::Artifact(sha256) => {
            let digest = sha256.parse::<Digest>().map_err(|rule| invalid(format!("{at}.content"), rule))?;
            Source::Artifact(digest)
        }
    })
}

// Reports

fn report(said: wit::Report, bounds: &Bounds) -> Result<Report, CallError> {
    let plots = said.plots.into_iter().enumerate();
    let kept_files = said.artifacts.into_iter().enumerate();
    Ok(Report {
        outcome: document("outcome", &said.outcome, bounds)?,
        plots: plots.map(|(n, said)| plot(&format!("plots[{n}]"), said)).collect::<Result<_, _>>()?,
        artifacts: kept_files
            .map(|(n, said)| kept(&format!("artifacts[{n}]"), said))
            .collect::<Result<_, _>>()?,
    })
}

fn plot(at: &str, said: wit::Plot) -> Result<Plot, CallError> {
    label(&format!("{at}.title"), &said.title)?;
    let x = series(&format!("{at}.x"), said.x)?;
    let mut ys = Vec::with_capacity(said.ys.len());
    for (index, said) in said.ys.into_iter().enumerate() {
        let at = format!("{at}.ys[{index}]");
        let y = series(&at, said)?;
        if y.values.len() != x.values.len() {
            return Err(invalid(format!("{at}.values"), "must have as many values as x"));
        }
        ys.push(y);
    }
    Ok(Plot { title: said.title, x, ys })
}

fn series(at: &str, said: wit::Series) -> Result<Series, CallError> {
    label(&format!("{at}.name"), &said.name)?;
    label(&format!("{at}.unit"), &said.unit)?;
    match said.values.iter().position(|value| !value.is_finite()) {
        Some(index) => Err(invalid(format!("{at}.values[{index}]"), "must be a finite number")),
        None => Ok(Series { name: said.name, unit: said.unit, values: said.values }),
    }
}

fn kept(at: &str, said: wit::Kept) -> Result<ReportFile, CallError> {
    let path = RelativePath::new(said.name).map_err(|rule| invalid(format!("{at}.name"), rule))?;
    check_text(&said.media_type, MAX_MEDIA_TYPE_BYTES)
        .map_err(|rule| invalid(format!("{at}.media-type"), rule))?;
    Ok(ReportFile { name: path.into(), media_type: said.media_type, content: source(at, said.content)? })
}

fn label(at: &str, text: &str) -> Result<(), CallError> {
    check_text(text, MAX_LABEL_BYTES).map_err(|rule| invalid(at.to_owned(), rule))
}

fn document(field: &str, text: &str, bounds: &Bounds) -> Result<Document, CallError> {
    if text.len() > bounds.json_bytes {
        let limit = bounds.json_bytes;
        return Err(CallError::ResultTooLarge(format!("`{field}` has at most {limit} bytes")));
    }
    let value = json::parse(text, bounds.json_bytes).map_err(|rule| invalid(field.to_owned(), rule))?;
    Ok(value.into())
}

fn invalid(field: String, rule: impl ToString) -> CallError {
    CallError::ResultInvalid { field, rule: rule.to_string() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const BOUNDS: Bounds = Bounds { calls: 3, json_bytes: 100 };

    fn call_named(name: &str) -> types::ContainerCall {
        types::ContainerCall {
            name: name.into(),
            image: "octave".into(),
            command: vec!["octave-cli".into()],
            env: vec![("A".into(), "b".into())],
            files: vec![types::File { path: "a.m".into(), content: types::Source::Text("1".into()) }],
            outputs: vec!["*.csv".into()],
            excludes: vec!["a.csv".into()],
            keep_unchanged: false,
            resources: types::Resources { cpu_milli: 1, memory_mib: 2, scratch_mib: 3, timeout_ms: 4 },
            on_failure: types::OnFailure::Report,
            deterministic: true,
        }
    }

    fn step_of(names: &[&str]) -> wit::Step {
        wit::Step { calls: names.iter().map(|name| call_named(name)).collect(), state: r#"{"n":1}"#.into() }
    }

    fn series_of(values: &[f64]) -> wit::Series {
        wit::Series { name: "T".into(), unit: "K".into(), values: values.to_vec() }
    }

    fn report_of(ys: &[f64]) -> wit::Report {
        let plot = wit::Plot { title: "T".into(), x: series_of(&[1.0, 2.0]), ys: vec![series_of(ys)] };
        let kept = wit::Kept {
            name: "a.csv".into(),
            media_type: "text/csv".into(),
            content: types::Source::Bytes(vec![0]),
        };
        wit::Report { outcome: "{}".into(), plots: vec![plot], artifacts: vec![kept] }
    }

    fn field_of<T: std::fmt::Debug>(answer: Result<T, CallError>) -> String {
        match answer.unwrap_err() {
            CallError::ResultInvalid { field, .. } => field,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_good_step_keeps_everything() {
        let step = step(step_of(&["a", "b"]), &BOUNDS).unwrap();
        assert_eq!(step.state, json!({ "n": 1 }));
        let call = &step.calls[1];
        assert_eq!((call.name.as_str(), call.on_failure, call.deterministic), ("b", OnFailure::Report, true));
        assert_eq!(call.files[0].content, Source::Text("1".into()));
        assert_eq!((call.excludes.as_slice(), call.keep_unchanged), (&["a.csv".to_owned()][..], false));
    }

    #[test]
    fn a_bad_step_names_its_field() {
        assert_eq!(field_of(step(step_of(&["a", "b", "a"]), &BOUNDS)), "calls[2].name");
        let mut bad = step_of(&["a"]);
        bad.state = "{".into();
        assert_eq!(field_of(step(bad, &BOUNDS)), "state");
        let mut bad = step_of(&["a"]);
        bad.calls[0].files[0].content = types::Source::Artifact("../etc".into());
        assert_eq!(field_of(step(bad, &BOUNDS)), "calls[0].files[0].content");
    }

    #[test]
    fn sizes_have_bounds() {
        let many = step(step_of(&["a", "b", "c", "d"]), &BOUNDS);
        assert!(matches!(many, Err(CallError::ResultTooLarge(_))));
        let mut large = step_of(&[]);
        large.state = format!("\"{}\"", "x".repeat(100));
        assert!(matches!(step(large, &BOUNDS), Err(CallError::ResultTooLarge(_))));
        let Failure::Simulation(text) = failure(&wit::Failure::Simulation("x".repeat(1 << 20))) else {
            panic!()
        };
        assert_eq!(text.len(), MAX_FAILURE_BYTES);
    }

    #[test]
    fn plots_are_whole_and_finite() {
        assert!(next(wit::Next::Done(report_of(&[1.0, -0.0])), &BOUNDS).is_ok());
        let field = |ys: &[f64]| field_of(next(wit::Next::Done(report_of(ys)), &BOUNDS));
        assert_eq!(field(&[1.0]), "plots[0].ys[0].values");
        assert_eq!(field(&[1.0, f64::NAN]), "plots[0].ys[0].values[1]");
        assert_eq!(field(&[f64::INFINITY, 1.0]), "plots[0].ys[0].values[0]");
    }

    #[test]
    fn kept_files_have_relative_paths() {
        let named = |name: &str| {
            let mut report = report_of(&[1.0, 2.0]);
            report.artifacts[0].name = name.into();
            next(wit::Next::Done(report), &BOUNDS)
        };
        for name in ["", "../a", "/a", "a//b", "a/../../b"] {
            assert_eq!(field_of(named(name)), "artifacts[0].name", "{name}");
        }
        let Ok(Next::Done(report)) = named("out/größe 1/field.csv") else { panic!() };
        assert_eq!(report.artifacts[0].name, "out/größe 1/field.csv");
    }
}
