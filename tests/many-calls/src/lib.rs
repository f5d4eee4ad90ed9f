//! A plugin that makes the container calls it is asked for, for those who measure what calls cost.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use simulay_sdk::octave::{self, Script};
use simulay_sdk::{Failure, Manifest, Next, Pipeline, Report, Request, Resources, Results, Step};

const MOST: u32 = 1000;
const MOST_RESOURCES: Resources =
    Resources { scratch_mib: 2048, memory_mib: 1024, timeout_ms: 600_000, ..octave::RESOURCES };

/// What is called.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Params {
    /// How many calls the one step has.
    #[schemars(range(min = 1, max = 1000))]
    pub calls: u32,
    /// An Octave program, instead of `command`.
    pub script: Option<String>,
    /// What each call runs.
    pub command: Vec<String>,
    /// Patterns of the files that are kept.
    pub keep: Vec<String>,
    /// Room for files.
    #[schemars(range(min = 1, max = 2048))]
    pub scratch_mib: u32,
}

impl Default for Params {
    fn default() -> Self {
        let scratch_mib = octave::RESOURCES.scratch_mib;
        Self { calls: 1, script: None, command: vec!["true".to_owned()], keep: Vec::new(), scratch_mib }
    }
}

/// What came of them.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Outcome {
    /// Calls that ended well.
    pub calls: usize,
    /// Files that were kept.
    pub files: usize,
}

/// The pipeline `many-calls`.
pub struct ManyCalls;

impl Pipeline for ManyCalls {
    type Params = Params;
    type State = ();
    type Outcome = Outcome;

    fn manifest() -> Manifest<Params> {
        let manifest =
            simulay_sdk::manifest!().title("Many calls").image("octave", "Runs what is asked for.");
        manifest.max_resources(MOST_RESOURCES).max_parallel(MOST)
    }

    fn pre_process(request: &Request<Params>) -> Result<Step, Failure> {
        let calls = (0..request.params.calls).map(|number| call(request, number).build());
        Ok(Step::new((), calls.collect()))
    }

    fn post_process(_: &Request<Params>, (): (), results: &Results) -> Result<Next<Outcome>, Failure> {
        let files = results.iter().map(|call| call.files().count()).sum();
        Ok(Report::new(Outcome { calls: results.iter().count(), files }).into())
    }
}

fn call(request: &Request<Params>, number: u32) -> Script {
    let Params { script, command, keep, scratch_mib, .. } = &request.params;
    let name = format!("call-{number}");
    let begun = match script {
        Some(program) => octave::script(&name, program),
        None => octave::command(&name, command.iter().cloned()),
    };
    let given = request.inputs().fold(begun, |call, input| call.file(&input.path, input.source()));
    let kept = keep.iter().fold(given, |call, pattern| call.keep(pattern));
    kept.changed_only().resources(Resources { scratch_mib: *scratch_mib, ..octave::RESOURCES })
}

simulay_sdk::export_pipeline!(ManyCalls);

#[cfg(test)]
mod tests {
    use serde_json::json;
    use simulay_sdk::testing::{Answer, check, trial};

    use super::*;

    #[test]
    fn as_many_calls_are_made_as_are_asked_for() {
        let run = trial::<ManyCalls>(json!({ "calls": 3, "keep": ["*"] })).input("in.bin", "x");
        let calls = run.plan().unwrap();
        assert_eq!(calls.iter().map(|call| &*call.name).collect::<Vec<_>>(), ["call-0", "call-1", "call-2"]);
        assert!(calls.iter().all(|call| call.command == ["true"] && call.files.len() == 1));
        let done = run.run(|_| Answer::ok().file("out", "y")).unwrap();
        assert_eq!(done.outcome, json!({ "calls": 3, "files": 3 }));
    }

    #[test]
    fn a_script_is_run_by_octave() {
        let calls = trial::<ManyCalls>(json!({ "script": "x = 1;" })).plan().unwrap();
        assert_eq!(calls[0].command, octave::script("call-0", "x = 1;").build().command);
    }

    #[test]
    fn the_manifest_holds() {
        assert_eq!(check::<ManyCalls>(), Ok(()));
    }
}
