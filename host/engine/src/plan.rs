//! A step as the plugin planned it: checked whole before anything of it starts.

use std::collections::{HashMap, HashSet};

use simulay_containers::{Admitted, Containers};
use simulay_model::{ContainerCall, Digest, ErrorKind, Manifest, RunError, Source, Step};

use crate::verdict;

/// The calls of `step` as the policy admits them, in their order. `known` are the artifacts the
/// run has.
///
/// # Errors
/// The first call that asks for what is not allowed.
pub(crate) fn admit(
    step: &Step,
    manifest: &Manifest,
    containers: &dyn Containers,
    known: &HashMap<Digest, u64>,
) -> Result<Vec<Admitted>, RunError> {
    let most = manifest.max_parallel as usize;
    if step.calls.len() > most {
        let message =
            format!("the step has {} calls; `max-parallel` of the manifest is {most}", step.calls.len());
        return Err(RunError::new(ErrorKind::SpecDenied, message).at("calls"));
    }
    check_names(step)?;
    let admit = |call: &ContainerCall| {
        check_sources(call, known)?;
        containers.admit(call, manifest).map_err(|error| verdict::of_container(&error, &call.name))
    };
    step.calls.iter().map(admit).collect()
}

fn check_names(step: &Step) -> Result<(), RunError> {
    let mut seen = HashSet::new();
    match step.calls.iter().find(|call| !seen.insert(&call.name)) {
        Some(call) => Err(denied(call, "name", "two calls of the step have this name")),
        None => Ok(()),
    }
}

fn check_sources(call: &ContainerCall, known: &HashMap<Digest, u64>) -> Result<(), RunError> {
    for (index, file) in call.files.iter().enumerate() {
        if matches!(&file.content, Source::Artifact(sha256) if !known.contains_key(sha256)) {
            let field = format!("files[{index}].content");
            return Err(denied(call, &field, "not an artifact of this run"));
        }
    }
    Ok(())
}

fn denied(call: &ContainerCall, field: &str, rule: &str) -> RunError {
    RunError::new(ErrorKind::SpecDenied, format!("`{field}`: {rule}")).at(field).in_call(&call.name)
}
