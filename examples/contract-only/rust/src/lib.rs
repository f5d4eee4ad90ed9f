//! A plugin against the contract alone: Octave adds up one to a hundred.

wit_bindgen::generate!({ path: "wit", world: "plugin" });

use exports::simulay::plugin::pipeline::{Failure, Guest, Image, Manifest, Next, Report, Request, Step};
use simulay::plugin::artifacts;
use simulay::plugin::types::{ContainerCall, ContainerResult, Ending, File, OnFailure, Resources, Source};

const RESOURCES: Resources = Resources { cpu_milli: 500, memory_mib: 256, scratch_mib: 16, timeout_ms: 60_000 };
const SCRIPT: &str = r#"f = fopen("sum.json", "w"); fprintf(f, '{"sum": %d}', sum(1:100)); fclose(f);"#;

struct Sum;

impl Guest for Sum {
    fn describe() -> Manifest {
        Manifest {
            name: "contract-only".into(),
            version: "0.1.0".into(),
            title: "The sum of the first hundred".into(),
            description: "Built against the contract alone.".into(),
            params_schema: r#"{"type": "object", "additionalProperties": false}"#.into(),
            result_schema: r#"{"type": "object", "required": ["sum"], "properties": {"sum": {"type": "integer"}}}"#.into(),
            images: vec![Image { name: "octave".into(), purpose: "Adds up.".into() }],
            max_resources: RESOURCES,
            max_parallel: 1,
            examples: vec![],
        }
    }

    fn pre_process(_: Request) -> Result<Step, Failure> {
        let call = ContainerCall {
            name: "sum".into(),
            image: "octave".into(),
            command: ["octave-cli", "-qfHW", "main.m"].map(String::from).to_vec(),
            env: vec![],
            files: vec![File { path: "main.m".into(), content: Source::Text(SCRIPT.into()) }],
            outputs: vec!["sum.json".into()],
            excludes: vec![],
            keep_unchanged: true,
            resources: RESOURCES,
            on_failure: OnFailure::Report,
            deterministic: true,
        };
        Ok(Step { calls: vec![call], state: "null".into() })
    }

    fn post_process(_: Request, _: String, results: Vec<ContainerResult>) -> Result<Next, Failure> {
        let outcome = results.first().and_then(read).ok_or_else(|| Failure::Simulation("no sum.json".into()))?;
        Ok(Next::Done(Report { outcome, plots: vec![], artifacts: vec![] }))
    }
}

fn read(result: &ContainerResult) -> Option<String> {
    let good = matches!(result.ending, Ending::Exited(0));
    let output = result.outputs.iter().find(|output| good && output.path == "sum.json")?;
    String::from_utf8(artifacts::read(&output.sha256, 0, output.size).ok()?).ok()
}

export!(Sum);
