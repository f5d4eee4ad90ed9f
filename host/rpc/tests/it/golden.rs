//! Documents as a released version writes them are understood, and written again with all they had.

use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use simulay_containers::{Completed, ContainerError, ExecutionRequest, NodeStatus};
use simulay_model::Inspection;
use simulay_sandbox::{Answered, Call, CallError, InspectError};

/// Each document of a released version of the type `T`, in the file `name`, one a line.
fn check<T: Serialize + DeserializeOwned>(name: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    for version in std::fs::read_dir(folder).unwrap() {
        let file = version.unwrap().path().join(name).with_extension("jsonl");
        let lines = std::fs::read_to_string(&file).unwrap();
        assert!(!lines.is_empty(), "{}", file.display());
        for line in lines.lines() {
            let read: T = serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}"));
            let before: Value = serde_json::from_str(line).unwrap();
            let after = serde_json::to_value(&read).unwrap();
            assert!(has_all(&after, &before), "{before:#}\nis written as\n{after:#}");
        }
    }
}

/// True when `later` has all that `earlier` has: fields may be added.
fn has_all(later: &Value, earlier: &Value) -> bool {
    match (later, earlier) {
        (Value::Object(later), Value::Object(earlier)) => {
            earlier.iter().all(|(field, value)| later.get(field).is_some_and(|now| has_all(now, value)))
        }
        (Value::Array(later), Value::Array(earlier)) => {
            later.len() == earlier.len() && later.iter().zip(earlier).all(|(now, value)| has_all(now, value))
        }
        (later, earlier) => later == earlier,
    }
}

#[test]
fn documents_of_released_versions_are_understood() {
    check::<ExecutionRequest>("execution_request");
    check::<Result<Completed, ContainerError>>("ended");
    check::<NodeStatus>("node");
    check::<Call>("call");
    check::<Result<Answered, CallError>>("answered");
    check::<Result<Inspection, InspectError>>("inspected");
}

#[test]
fn a_field_that_is_gone_is_caught() {
    let (earlier, later) =
        (serde_json::json!({"a": [1], "b": 2}), serde_json::json!({"a": [1], "b": 2, "c": 3}));
    assert!(has_all(&later, &earlier) && !has_all(&earlier, &later));
}
