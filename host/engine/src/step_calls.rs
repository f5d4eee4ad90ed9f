//! The calls of a step, and where each of them is.

use simulay_model::{CallEnd, ContainerCall, Progress, RunError, Step};

use crate::plan::Terms;
use crate::simulate::{Pending, failure};

/// The error of the first call of a step that failed the run.
pub(crate) fn failed(number: u32, step: &Step, progress: &Progress) -> Option<RunError> {
    ends(number, step, progress).find_map(|(call, end)| failure(call, end?))
}

/// The calls of a step, and how they ended.
pub(crate) fn ends<'a>(
    number: u32,
    step: &'a Step,
    progress: &'a Progress,
) -> impl Iterator<Item = (&'a ContainerCall, Option<&'a CallEnd>)> {
    (0..).zip(&step.calls).map(move |(index, call)| {
        (call, progress.attempts.get(&(number, index)).and_then(|newest| newest.end.as_ref()))
    })
}

/// The calls of a step that have not ended, and what they take.
pub(crate) fn pending(number: u32, step: &Step, progress: &Progress, terms: &[Terms]) -> Vec<Pending> {
    let calls = (0..).zip(&step.calls).zip(terms).filter_map(|((index, call), terms)| {
        let newest = progress.attempts.get(&(number, index)).filter(|newest| newest.end.is_none())?;
        let (attempt, started) = (newest.attempt, newest.started);
        // An image may be another since: what was started is known by what it was started as.
        let key = if started { newest.key } else { terms.key };
        let takes = !started && key.is_some() && newest.key == key;
        let (call, demand) = (call.clone(), terms.demand);
        Some(Pending {
            step: number,
            index,
            attempt,
            started,
            call,
            demand,
            key,
            next_key: terms.key,
            takes,
            patience: None,
            logs: None,
        })
    });
    calls.collect()
}
