//! The state machine of a run, pure: [`Progress::decide`] says what follows from a change, and
//! [`Progress::apply`] takes it in. A store commits [`Effects`] when the run's last event is the one they
//! were decided on; what they mean it does not know.
//!
//! # Flow
//! Whoever changes a run holds a `Progress`, decides, commits the effects, and applies them once they are
//! stored. When the store has moved on, it reads the progress anew and decides again.

use std::collections::BTreeMap;
use std::iter;

use jiff::Timestamp;

use crate::{
    ArtifactKind, CallEnd, CallKey, Change, ContainerResult, Decision, Digest, EventData, Offer, Report,
    RunArtifact, RunEnd, RunError, RunState, Step,
};

/// Of what happened to a run, all that decides what may follow.
#[derive(Debug, Clone, PartialEq)]
pub struct Progress {
    /// Where it is.
    pub state: RunState,
    /// Number of its last event.
    pub sequence: u64,
    /// Someone asked for its end.
    pub cancel_requested: bool,
    /// Steps planned so far.
    pub steps: u32,
    /// The newest attempt at each call, by step and index.
    pub attempts: BTreeMap<(u32, u32), AttemptProgress>,
}

/// Where an attempt at a call is.
#[derive(Debug, Clone, PartialEq)]
pub struct AttemptProgress {
    /// Its number, from 0.
    pub attempt: u32,
    /// True once the intent to start it is stored.
    pub started: bool,
    /// By what the call is known, when its result may be taken again.
    pub key: Option<CallKey>,
    /// What came of it.
    pub end: Option<CallEnd>,
}

/// Why a change is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Nothing follows the end of a run.
    #[error("the run has ended")]
    Ended,
    /// It contradicts what happened: how.
    #[error("the change contradicts the journal: {0}")]
    Contradiction(String),
}

/// What is stored of a change, in one transaction.
#[derive(Debug, Clone, PartialEq)]
pub struct Effects {
    /// Number of the event; that of the last one stored is one less.
    pub sequence: u64,
    /// When it happened.
    pub at: Timestamp,
    /// The event that tells of it.
    pub event: EventData,
    /// What the head of the run says from now on; none when it says what it said.
    pub head: Option<Head>,
    /// A step that was planned, and its number.
    pub step: Option<(u32, Step)>,
    /// Attempts as they are from now on, by step and index.
    pub attempts: Vec<((u32, u32), AttemptProgress)>,
    /// Artifacts that follow those the run has.
    pub artifacts: Vec<RunArtifact>,
    /// What must still be offered, since it is taken.
    pub taken: Option<Offer>,
    /// What it ended with.
    pub report: Option<Report>,
}

/// The head of a run as it is from some change on.
#[derive(Debug, Clone, PartialEq)]
pub struct Head {
    /// Where it is.
    pub state: RunState,
    /// Steps planned so far.
    pub steps: u32,
    /// Someone asked for its end.
    pub cancel_requested: bool,
    /// When work on it began, if that is now.
    pub started_at: Option<Timestamp>,
    /// When it ended, if that is now.
    pub ended_at: Option<Timestamp>,
    /// Why it did not succeed.
    pub error: Option<RunError>,
}

impl Progress {
    /// A run that was just accepted: `run.queued` is its first event.
    #[must_use]
    pub const fn queued() -> Self {
        Self {
            state: RunState::Queued,
            sequence: 1,
            cancel_requested: false,
            steps: 0,
            attempts: BTreeMap::new(),
        }
    }

    /// Lets go of what calls of steps before the newest printed: it decides nothing any more, and may be much.
    /// What such calls left stays known.
    pub fn shed_prints(&mut self) {
        let newest = self.steps.saturating_sub(1);
        for (_, past) in self.attempts.range_mut(..(newest, 0)) {
            if let Some(CallEnd::Result(result)) = &mut past.end {
                (result.stdout, result.stderr) = (String::new(), String::new());
            }
        }
    }

    /// What follows from `change` at the time `at`. Two changes may come twice: a cancel request, and the
    /// end of a call with equal content. A run whose end was asked for ends as cancelled, whatever end
    /// `change` is.
    ///
    /// # Errors
    /// See [`Refusal`].
    pub fn decide(&self, at: Timestamp, change: Change) -> Result<Decision<Effects>, Refusal> {
        if self.state.is_end() {
            return Err(Refusal::Ended);
        }
        let change = match change {
            // Whoever was told that a run will end hears of no other end.
            Change::Ended { .. } if self.cancel_requested => {
                Change::Ended { end: RunEnd::Cancelled, kept: Vec::new() }
            }
            change => change,
        };
        if self.is_stored(&change)? {
            return Ok(Decision::Unchanged);
        }
        self.check(&change)?;
        Ok(Decision::Commit(Box::new(self.effects(at, change))))
    }

    /// Takes in effects that are stored.
    pub fn apply(&mut self, effects: &Effects) {
        self.sequence = effects.sequence;
        if let Some(head) = &effects.head {
            (self.state, self.steps) = (head.state, head.steps);
            self.cancel_requested = head.cancel_requested;
        }
        self.attempts.extend(effects.attempts.iter().cloned());
    }

    /// True when the same happened before.
    fn is_stored(&self, change: &Change) -> Result<bool, Refusal> {
        match change {
            Change::CancelRequested => Ok(self.cancel_requested),
            Change::CallEnded { step, index, attempt, end, .. } => {
                self.at_work()?;
                let newest = self.newest(*step, *index)?;
                if newest.attempt != *attempt {
                    return contradiction(format!(
                        "attempt {attempt} ended, the newest is {}",
                        newest.attempt
                    ));
                }
                match &newest.end {
                    Some(known) if known == end => Ok(true),
                    Some(_) => contradiction("the call ended before in another way"),
                    None => Ok(false),
                }
            }
            _ => Ok(false),
        }
    }

    fn check(&self, change: &Change) -> Result<(), Refusal> {
        match change {
            Change::Started if self.state == RunState::Queued => Ok(()),
            Change::Started => contradiction("the run has started before"),
            Change::StepPlanned { step, .. } => {
                self.at_work()?;
                if *step == self.steps {
                    return Ok(());
                }
                contradiction(format!("step {step} cannot follow {} planned steps", self.steps))
            }
            Change::CallStarted { step, index, attempt, .. } => self.check_start(*step, *index, *attempt),
            Change::Ended { end: RunEnd::Succeeded(_), .. } => self.at_work(),
            Change::CallEnded { step, index, taken: Some(offer), .. } => {
                self.check_taken(*step, *index, offer)
            }
            // The end of a call was looked at before.
            Change::CallEnded { .. }
            | Change::Logged { .. }
            | Change::CancelRequested
            | Change::Ended { .. } => Ok(()),
        }
    }

    /// An attempt starts once: the one planned, or the next after the newest.
    fn check_start(&self, step: u32, index: u32, attempt: u32) -> Result<(), Refusal> {
        self.at_work()?;
        let newest = self.newest(step, index)?;
        if newest.end.is_some() {
            return contradiction("the call has ended");
        }
        let next = newest.attempt.saturating_add(1);
        if attempt < newest.attempt || (attempt == newest.attempt && newest.started) {
            return contradiction(format!("attempt {attempt} has started before"));
        }
        if attempt > next {
            return contradiction(format!("attempt {attempt} cannot follow attempt {}", newest.attempt));
        }
        Ok(())
    }

    /// A result is taken for an equal call alone, and instead of work on it.
    fn check_taken(&self, step: u32, index: u32, offer: &Offer) -> Result<(), Refusal> {
        let newest = self.newest(step, index)?;
        if newest.started {
            return contradiction("the call has started");
        }
        if newest.key.is_none_or(|key| key.digest() != offer.key) {
            return contradiction("the result is that of another call");
        }
        Ok(())
    }

    fn at_work(&self) -> Result<(), Refusal> {
        match self.state {
            RunState::Running => Ok(()),
            state => contradiction(format!("the run is {}, not running", state.as_str())),
        }
    }

    fn newest(&self, step: u32, index: u32) -> Result<&AttemptProgress, Refusal> {
        let newest = self.attempts.get(&(step, index));
        newest.ok_or_else(|| Refusal::Contradiction(format!("step {step} has no call {index}")))
    }

    /// What is stored of a change that is allowed.
    fn effects(&self, at: Timestamp, change: Change) -> Effects {
        let mut effects = Effects {
            sequence: self.sequence.saturating_add(1),
            at,
            event: EventData::from(&change),
            head: None,
            step: None,
            attempts: Vec::new(),
            artifacts: Vec::new(),
            taken: None,
            report: None,
        };
        let head = self.head();
        match change {
            Change::Started => {
                effects.head = Some(Head { state: RunState::Running, started_at: Some(at), ..head });
            }
            Change::StepPlanned { step, plan, keys } => {
                let keys = keys.into_iter().chain(iter::repeat(None));
                let calls = (0..).zip(&plan.calls).zip(keys);
                let planned = |key| AttemptProgress { key, ..AttemptProgress::planned() };
                effects.attempts = calls.map(|((index, _), key)| ((step, index), planned(key))).collect();
                effects.head = Some(Head { steps: step.saturating_add(1), ..head });
                effects.step = Some((step, plan));
            }
            Change::CallStarted { step, index, attempt, key } => {
                let started = AttemptProgress { attempt, started: true, key, end: None };
                effects.attempts = vec![((step, index), started)];
            }
            Change::CallEnded { step, index, attempt, end, taken } => {
                effects.taken = taken;
                if let CallEnd::Result(result) = &end {
                    effects.artifacts = left_by(result, (step, index)).collect();
                }
                let newest = self.attempts.get(&(step, index));
                let (started, key) = newest.map_or((false, None), |newest| (newest.started, newest.key));
                let ended = AttemptProgress { attempt, started, key, end: Some(end) };
                effects.attempts = vec![((step, index), ended)];
            }
            Change::Logged { .. } => {}
            Change::CancelRequested => effects.head = Some(Head { cancel_requested: true, ..head }),
            Change::Ended { end, kept } => {
                effects.head = Some(Head { state: end.state(), ended_at: Some(at), ..head });
                effects.artifacts = kept.into_iter().map(RunArtifact::kept).collect();
                effects.end_with(end);
            }
        }
        effects
    }

    const fn head(&self) -> Head {
        let Self { state, steps, cancel_requested, .. } = *self;
        Head { state, steps, cancel_requested, started_at: None, ended_at: None, error: None }
    }
}

impl Effects {
    fn end_with(&mut self, end: RunEnd) {
        match end {
            RunEnd::Succeeded(report) => self.report = Some(report),
            RunEnd::Failed(error) | RunEnd::TimedOut(error) => {
                if let Some(head) = &mut self.head {
                    head.error = Some(error);
                }
            }
            RunEnd::Cancelled => {}
        }
    }

    /// True when they end what takes room, and take little themselves.
    #[must_use]
    pub fn frees_room(&self) -> bool {
        let ends = matches!(self.event, EventData::CancelRequested | EventData::RunEnded(_));
        ends && self.report.is_none()
    }

    /// True when nothing follows.
    #[must_use]
    pub fn is_end(&self) -> bool {
        self.head.as_ref().is_some_and(|head| head.state.is_end())
    }
}

impl AttemptProgress {
    /// The first attempt at a call that was just planned.
    #[must_use]
    pub const fn planned() -> Self {
        Self { attempt: 0, started: false, key: None, end: None }
    }

    /// The digest of the key by which equal calls may take its result, if they may.
    #[must_use]
    pub fn offers(&self) -> Option<Digest> {
        match (&self.key, &self.end) {
            (Some(key), Some(CallEnd::Result(result))) if result.is_whole() => Some(key.digest()),
            _ => None,
        }
    }
}

/// Outputs and streams of a call, in this order.
fn left_by(result: &ContainerResult, origin: (u32, u32)) -> impl Iterator<Item = RunArtifact> {
    let outputs = result.outputs.iter().map(|artifact| (ArtifactKind::Output, artifact));
    let stdout = result.stdout_log.iter().map(|artifact| (ArtifactKind::Stdout, artifact));
    let stderr = result.stderr_log.iter().map(|artifact| (ArtifactKind::Stderr, artifact));
    outputs.chain(stdout).chain(stderr).map(move |(kind, artifact)| RunArtifact {
        kind,
        origin: Some(origin),
        artifact: artifact.clone(),
    })
}

fn contradiction<T>(how: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal::Contradiction(how.into()))
}

#[cfg(test)]
mod tests;
