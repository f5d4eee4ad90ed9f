//! What a sweep is, where it is, and where it may go.

use jiff::Timestamp;
use strum::{EnumString, IntoStaticStr, VariantNames};

use super::sampling::SOBOL_POINTS;
use super::{Design, StopRule};
use crate::{AccountName, Artifact, Labels, PluginRef, RunId, RunName, RunState, SweepId};

/// Where a sweep is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EnumString, IntoStaticStr, VariantNames)]
#[strum(serialize_all = "snake_case", parse_err_ty = String, parse_err_fn = unknown)]
pub enum SweepState {
    /// Points get their runs, or these are not all at an end.
    Running,
    /// Its rule is met: runs that have not ended are cancelled.
    Stopping,
    /// Someone asked for its end: runs that have not ended are cancelled.
    Cancelling,
    /// All points succeeded.
    Succeeded,
    /// All points ended, and not all succeeded.
    Ended,
    /// Ended by its rule.
    Stopped,
    /// Ended by request.
    Cancelled,
}

impl SweepState {
    /// True for the states that nothing follows by itself.
    #[must_use]
    pub const fn is_end(self) -> bool {
        matches!(self, Self::Succeeded | Self::Ended | Self::Stopped | Self::Cancelled)
    }

    /// The state as it is written, e.g. `cancelling`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

fn unknown(text: &str) -> String {
    format!("`{text}` is not a state of a sweep; use one of {}", SweepState::VARIANTS.join(", "))
}

/// Many runs of one version of a pipeline.
#[derive(Debug, Clone, PartialEq)]
pub struct Sweep {
    /// Identity.
    pub id: SweepId,
    /// Whose it is.
    pub owner: AccountName,
    /// The version that all its runs are of.
    pub plugin: PluginRef,
    /// What people call it.
    pub name: Option<RunName>,
    /// By what people sort it; its runs have the same.
    pub labels: Labels,
    /// When it was accepted.
    pub created_at: Timestamp,
    /// What was asked.
    pub spec: SweepSpec,
    /// Where it is.
    pub progress: SweepProgress,
}

/// What is asked of a sweep; it never changes.
#[derive(Debug, Clone, PartialEq)]
pub struct SweepSpec {
    /// How its points are laid out.
    pub design: Design,
    /// Files of every run.
    pub inputs: Vec<Artifact>,
    /// How often a call of a run is tried again after its command failed.
    pub retries: u32,
    /// Whether its runs may take results of earlier, equal calls.
    pub reuse: bool,
    /// The most runs of it that have not ended.
    pub max_at_once: Option<u32>,
    /// When it ends early.
    pub stop: Option<StopRule>,
}

/// Where a sweep is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SweepProgress {
    /// How many changes were stored.
    pub revision: u64,
    /// Its state.
    pub state: SweepState,
    /// The sizes of the blocks that its points came in: the first, and one for each extension.
    pub blocks: Vec<u32>,
    /// So many points, from the first, are to have runs.
    pub goal: u32,
    /// So many have.
    pub begun: u32,
    /// From this point on, those that failed get another run.
    pub retrying: Option<u32>,
    /// The run that met its rule.
    pub stopped_by: Option<RunId>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
}

/// A sweep without what was asked, which may be large.
#[derive(Debug, Clone, PartialEq)]
pub struct SweepSummary {
    /// Identity.
    pub id: SweepId,
    /// Whose it is.
    pub owner: AccountName,
    /// The version that all its runs are of.
    pub plugin: PluginRef,
    /// What people call it.
    pub name: Option<RunName>,
    /// By what people sort it.
    pub labels: Labels,
    /// When it was accepted.
    pub created_at: Timestamp,
    /// Where it is.
    pub progress: SweepProgress,
}

impl From<&Sweep> for SweepSummary {
    fn from(sweep: &Sweep) -> Self {
        let Sweep { id, owner, plugin, name, labels, created_at, progress, .. } = sweep.clone();
        Self { id, owner, plugin, name, labels, created_at, progress }
    }
}

/// How many points are where, by the newest run of each.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PointCounts {
    /// Waiting for their turn.
    pub queued: u32,
    /// At work.
    pub running: u32,
    /// Ended with a report.
    pub succeeded: u32,
    /// Ended with an error.
    pub failed: u32,
    /// Ended by request.
    pub cancelled: u32,
    /// Ended because they took too long.
    pub timed_out: u32,
}

impl PointCounts {
    /// Counts so many more.
    pub const fn add(&mut self, state: RunState, more: u32) {
        let count = match state {
            RunState::Queued => &mut self.queued,
            RunState::Running => &mut self.running,
            RunState::Succeeded => &mut self.succeeded,
            RunState::Failed => &mut self.failed,
            RunState::Cancelled => &mut self.cancelled,
            RunState::TimedOut => &mut self.timed_out,
        };
        *count = count.saturating_add(more);
    }

    /// Those that have not ended.
    #[must_use]
    pub const fn unfinished(&self) -> u32 {
        self.queued.saturating_add(self.running)
    }

    /// True when none ended in another way; runs that are kept no more do not count.
    const fn all_succeeded(&self) -> bool {
        self.failed == 0 && self.cancelled == 0 && self.timed_out == 0
    }

    /// All that have a run.
    #[must_use]
    pub const fn all(&self) -> u32 {
        let ended = self.succeeded.saturating_add(self.failed).saturating_add(self.cancelled);
        self.unfinished().saturating_add(ended).saturating_add(self.timed_out)
    }
}

/// What may happen to a sweep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SweepChange {
    /// So many points have runs by now.
    Begun(u32),
    /// Points up to this one were looked at, and those that failed got another run; none when all were.
    Retried(Option<u32>),
    /// This run met the rule.
    RuleMet(RunId),
    /// This is where its points are.
    Counted(PointCounts),
    /// Someone asks for its end.
    Cancel,
    /// Someone asks for another run of each point that failed.
    Retry,
    /// Someone asks for so many points more, of which there may be `most`.
    Extend {
        /// How many more.
        points: u32,
        /// How many there may be.
        most: u32,
    },
}

/// Why a change is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SweepRefusal {
    /// It has ended already.
    #[error("the sweep has ended")]
    Ended,
    /// It is on its way to its end.
    #[error("the sweep is being ended; wait until it has")]
    Ending,
    /// There is no natural next point.
    #[error("a grid and a table have the points they have; make another sweep for more")]
    NotExtendable,
    /// It would have too many points, or none are asked for.
    #[error("a sweep has at most {most} points, and this one has {points}; ask for at least one more")]
    TooMany {
        /// How many it has.
        points: u32,
        /// How many it may have.
        most: u32,
    },
}

impl SweepProgress {
    /// Where a sweep with so many points begins.
    #[must_use]
    pub fn of(points: u32) -> Self {
        Self {
            revision: 0,
            state: SweepState::Running,
            blocks: vec![points],
            goal: points,
            begun: 0,
            retrying: None,
            stopped_by: None,
            ended_at: None,
        }
    }

    /// How many points there are.
    #[must_use]
    pub fn points(&self) -> u32 {
        self.blocks.iter().fold(0, |points: u32, block| points.saturating_add(*block))
    }
}

impl Sweep {
    /// Where the sweep goes from here; none when it stays where it is.
    ///
    /// # Errors
    /// When the change is not possible.
    pub fn decide(&self, at: Timestamp, change: SweepChange) -> Result<Option<SweepProgress>, SweepRefusal> {
        let now = &self.progress;
        let mut next = now.clone();
        next.revision = now.revision.saturating_add(1);
        match change {
            SweepChange::Begun(_) | SweepChange::Retried(_) | SweepChange::RuleMet(_)
                if now.state != SweepState::Running =>
            {
                return Ok(None);
            }
            SweepChange::Begun(begun) => next.begun = begun.clamp(now.begun, now.goal),
            SweepChange::Retried(from) => next.retrying = from,
            SweepChange::RuleMet(run) => {
                (next.state, next.stopped_by) = (SweepState::Stopping, Some(run));
                next.begin_no_more();
            }
            SweepChange::Counted(counts) => match now.end(&counts) {
                Some(end) => (next.state, next.ended_at) = (end, Some(at)),
                None => return Ok(None),
            },
            SweepChange::Cancel => match now.state {
                SweepState::Cancelling | SweepState::Cancelled => return Ok(None),
                state if state.is_end() => return Err(SweepRefusal::Ended),
                _ => {
                    next.state = SweepState::Cancelling;
                    next.begin_no_more();
                }
            },
            SweepChange::Retry => {
                next.go_on()?;
                next.retrying = Some(0);
            }
            SweepChange::Extend { points, most } => self.extend(&mut next, points, most)?,
        }
        Ok(Some(next))
    }

    fn extend(&self, next: &mut SweepProgress, points: u32, most: u32) -> Result<(), SweepRefusal> {
        if !self.spec.design.method.goes_on() {
            return Err(SweepRefusal::NotExtendable);
        }
        let (before, most) = (next.points(), most.min(SOBOL_POINTS));
        if points == 0 || before.checked_add(points).is_none_or(|all| all > most) {
            return Err(SweepRefusal::TooMany { points: before, most });
        }
        next.go_on()?;
        next.blocks.push(points);
        next.goal = next.points();
        Ok(())
    }
}

impl SweepProgress {
    /// Points without runs get none any more.
    const fn begin_no_more(&mut self) {
        self.goal = self.begun;
        self.retrying = None;
    }

    const fn go_on(&mut self) -> Result<(), SweepRefusal> {
        if matches!(self.state, SweepState::Cancelling | SweepState::Stopping) {
            return Err(SweepRefusal::Ending);
        }
        (self.state, self.ended_at) = (SweepState::Running, None);
        Ok(())
    }

    /// The end that these counts are, if they are one.
    fn end(&self, counts: &PointCounts) -> Option<SweepState> {
        let is_over = counts.unfinished() == 0 && self.begun >= self.goal && self.retrying.is_none();
        match self.state {
            SweepState::Running if is_over && self.begun == self.points() && counts.all_succeeded() => {
                Some(SweepState::Succeeded)
            }
            SweepState::Running if is_over => Some(SweepState::Ended),
            SweepState::Cancelling if is_over => Some(SweepState::Cancelled),
            SweepState::Stopping if is_over => Some(SweepState::Stopped),
            _ => None,
        }
    }
}
