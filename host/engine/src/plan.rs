//! A step as the plugin planned it: checked whole before anything of it starts.

use std::collections::{HashMap, HashSet};

use simulay_containers::{Admission, Capacity, Permissions};
use simulay_model::{CallKey, ContainerCall, Digest, ErrorKind, Plugin, RunError, Source, Step};

use crate::call_key::{self, SEED};
use crate::verdict;

/// What is known of a call that is admitted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Terms {
    /// What it takes of a node.
    pub(crate) demand: Capacity,
    /// By what it is known, when equal calls give equal outputs.
    pub(crate) key: Option<CallKey>,
}

/// What is known of each call of `step`, in their order, once the policy admits them all. `known` are the
/// artifacts the run has.
///
/// # Errors
/// The first call that asks for what is not allowed.
pub(crate) fn admit(
    step: &Step,
    plugin: &Plugin,
    admission: &dyn Admission,
    known: &HashMap<Digest, u64>,
) -> Result<Vec<Terms>, RunError> {
    let manifest = &plugin.manifest;
    let most = manifest.max_parallel as usize;
    if step.calls.len() > most {
        let message =
            format!("the step has {} calls; `max-parallel` of the manifest is {most}", step.calls.len());
        return Err(RunError::new(ErrorKind::SpecDenied, message).at("calls"));
    }
    check_names(step)?;
    let permissions = Permissions::from(manifest);
    let admit = |call: &ContainerCall| {
        check_sources(call, known)?;
        let admitted = admission.admit(call, &permissions);
        let admitted = admitted.map_err(|error| verdict::of_container(&error, &call.name))?;
        let key = call.deterministic.then(|| call_key::key(&admitted, &plugin.contract));
        Ok(Terms { demand: admitted.demand(), key })
    };
    step.calls.iter().map(admit).collect()
}

/// `step` with a seed for each call that sets none itself. The first call of a run has the run's, every other
/// one of its own drawn from it, so that no two draw the same numbers.
pub(crate) fn seeded(mut step: Step, number: u32, seed: u64) -> Step {
    for (index, call) in (0_u64..).zip(&mut step.calls) {
        if call.env.iter().all(|(name, _)| name != SEED) {
            let seed = drawn(seed, (u64::from(number) << 32) + index);
            call.env.push((SEED.to_owned(), seed.to_string()));
        }
    }
    step
}

/// The seed at a place of the sequence that begins with `seed` (splitmix64).
const fn drawn(seed: u64, place: u64) -> u64 {
    if place == 0 {
        return seed;
    }
    let mixed = seed.wrapping_add(place.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_call_of_a_run_has_a_seed_of_its_own() {
        let mut seen = HashSet::new();
        for place in (0..4).flat_map(|step: u64| (0..64).map(move |call| (step << 32) + call)) {
            assert!(seen.insert(drawn(7, place)), "{place}");
        }
        assert_eq!((drawn(7, 0), drawn(u64::MAX, 0)), (7, u64::MAX));
    }
}
