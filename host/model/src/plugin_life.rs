//! The state machine of a plugin version, pure: [`PluginLife::decide`] says what follows from a change, and
//! [`PluginLife::apply`] takes it in. A store commits [`PluginEffects`] when the version's revision is the
//! one they were decided on; what they mean it does not know.

use jiff::Timestamp;

use crate::{
    Check, Decision, Disagreement, Isolation, PluginEvent, PluginEventKind as Kind, PluginState, Principal,
    RunId,
};

/// Of what happened to a plugin version, all that decides what may follow.
#[derive(Debug, Clone, PartialEq)]
pub struct PluginLife {
    /// Whether it takes new runs.
    pub state: PluginState,
    /// When what it asks for was granted.
    pub approved_at: Option<Timestamp>,
    /// When it was retired, while it is.
    pub retired_at: Option<Timestamp>,
    /// The newest check of its examples.
    pub check: Option<Check>,
    /// What keeps its calls from each other.
    pub isolation: Isolation,
    /// How many changes were stored since it came.
    pub revision: u64,
}

/// One thing that happens to a plugin version.
#[derive(Debug, Clone, PartialEq)]
pub enum PluginChange {
    /// It takes new runs.
    Activated(Grant),
    /// Its examples are being run; it is activated once they agree.
    CheckBegun {
        /// Who grants what it asks for.
        grant: Grant,
        /// A run for each example.
        runs: Vec<RunId>,
    },
    /// Its examples have been run.
    CheckEnded {
        /// The check, as it was begun.
        begun: Check,
        /// What disagreed; nothing when all agreed.
        disagreements: Vec<Disagreement>,
    },
    /// It takes no new runs.
    Retired,
    /// The operator says what keeps its calls from each other.
    Isolated(Isolation),
    /// It takes no new runs, so that the version before serves its pipeline. The revision is that of all
    /// versions, of which these two were chosen.
    RolledBack(u64),
}

/// Who grants what a version asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grant {
    /// Nobody: it must have been approved before.
    Nobody,
    /// The operator.
    Operator,
    /// The policy, by what was approved of all versions at this revision.
    Policy(u64),
}

/// Why a change of a plugin version is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PluginRefusal {
    /// What it asks for was not granted.
    #[error("what the plugin asks for is not approved yet")]
    NotApproved,
    /// It serves nothing that could be taken from it.
    #[error("the version is not active")]
    NotActive,
}

/// What is stored of a change, in one transaction.
#[derive(Debug, Clone, PartialEq)]
pub struct PluginEffects {
    /// The life from now on; the revision of the one stored is one less.
    pub life: PluginLife,
    /// The revision of all versions that it was decided on; none when this version alone decided.
    pub versions: Option<u64>,
    /// What is told of it, in order.
    pub events: Vec<PluginEvent>,
}

impl PluginLife {
    /// A version that was just uploaded: active, unless it is not approved or `waits` for something else.
    #[must_use]
    pub const fn uploaded(at: Timestamp, approved: bool, waits: bool) -> Self {
        let state = if approved && !waits { PluginState::Active } else { PluginState::Pending };
        let approved_at = if approved { Some(at) } else { None };
        Self {
            state,
            approved_at,
            retired_at: None,
            check: None,
            isolation: Isolation::Container,
            revision: 0,
        }
    }

    /// What follows from `change` by whom at the time `at`. What is so already stays unchanged, and so does
    /// all when a check ends that is not at work.
    ///
    /// # Errors
    /// See [`PluginRefusal`].
    pub fn decide(
        &self,
        at: Timestamp,
        by: &Principal,
        change: PluginChange,
    ) -> Result<Decision<PluginEffects>, PluginRefusal> {
        let mut next = self.clone();
        let (versions, kinds) = match change {
            PluginChange::Activated(grant) => next.activate(at, grant)?,
            PluginChange::CheckBegun { grant, runs } => next.begin_check(at, grant, runs)?,
            PluginChange::CheckEnded { begun, disagreements } => {
                (None, next.end_check(&begun, disagreements))
            }
            PluginChange::Retired => (None, next.retire(at)),
            PluginChange::Isolated(isolation) => (None, next.isolate(isolation)),
            PluginChange::RolledBack(versions) => (Some(versions), next.roll_back(at)?),
        };
        if next == *self {
            return Ok(Decision::Unchanged);
        }
        next.revision = self.revision.saturating_add(1);
        let Principal { account, via, .. } = by;
        let event = |kind| PluginEvent { at, kind, account: account.clone(), by: via.clone() };
        let events = kinds.into_iter().map(event).collect();
        Ok(Decision::Commit(Box::new(PluginEffects { life: next, versions, events })))
    }

    /// Takes in effects that are stored.
    pub fn apply(&mut self, effects: &PluginEffects) {
        self.clone_from(&effects.life);
    }

    /// True while its examples are at work.
    #[must_use]
    pub fn is_checking(&self) -> bool {
        self.check.as_ref().is_some_and(Check::is_running)
    }

    fn activate(&mut self, at: Timestamp, grant: Grant) -> Result<Told, PluginRefusal> {
        let (versions, approved) = self.approve(at, grant)?;
        self.leave_check();
        Ok((versions, approved.into_iter().chain(self.take_runs()).collect()))
    }

    /// A check at work goes on as it is.
    fn begin_check(&mut self, at: Timestamp, grant: Grant, runs: Vec<RunId>) -> Result<Told, PluginRefusal> {
        let (versions, approved) = self.approve(at, grant)?;
        if self.is_checking() {
            return Ok((versions, approved.into_iter().collect()));
        }
        self.check = Some(Check { begun_at: at, runs, disagreements: None });
        Ok((versions, approved.into_iter().chain([Kind::CheckBegun]).collect()))
    }

    /// Of a check that agreed the version is active at once: whoever sees the one finds the other.
    fn end_check(&mut self, begun: &Check, disagreements: Vec<Disagreement>) -> Vec<Kind> {
        let Some(check) = self.check.as_mut().filter(|check| check.is_running() && *check == begun) else {
            return Vec::new();
        };
        let agreed = disagreements.is_empty();
        check.disagreements = Some(disagreements);
        if !agreed {
            return vec![Kind::CheckDisagreed];
        }
        [Kind::CheckAgreed].into_iter().chain(self.take_runs()).collect()
    }

    fn retire(&mut self, at: Timestamp) -> Vec<Kind> {
        if self.state == PluginState::Retired {
            self.leave_check();
            return Vec::new();
        }
        self.take_no_runs(at);
        vec![Kind::Retired]
    }

    fn isolate(&mut self, isolation: Isolation) -> Vec<Kind> {
        self.isolation = isolation;
        vec![match isolation {
            Isolation::Process => Kind::ProcessIsolationGranted,
            Isolation::Container => Kind::ProcessIsolationWithdrawn,
        }]
    }

    fn roll_back(&mut self, at: Timestamp) -> Result<Vec<Kind>, PluginRefusal> {
        if self.state != PluginState::Active {
            return Err(PluginRefusal::NotActive);
        }
        self.take_no_runs(at);
        Ok(vec![Kind::RolledBack])
    }

    /// What was granted once stays so, whatever the policy says later.
    fn approve(&mut self, at: Timestamp, grant: Grant) -> Result<(Option<u64>, Option<Kind>), PluginRefusal> {
        if self.approved_at.is_some() {
            return Ok((None, None));
        }
        let versions = match grant {
            Grant::Nobody => return Err(PluginRefusal::NotApproved),
            Grant::Operator => None,
            Grant::Policy(versions) => Some(versions),
        };
        self.approved_at = Some(at);
        Ok((versions, Some(Kind::Approved)))
    }

    fn take_runs(&mut self) -> Option<Kind> {
        self.retired_at = None;
        let before = std::mem::replace(&mut self.state, PluginState::Active);
        (before != PluginState::Active).then_some(Kind::Activated)
    }

    fn take_no_runs(&mut self, at: Timestamp) {
        // A check at work would take the retirement back.
        self.leave_check();
        (self.state, self.retired_at) = (PluginState::Retired, Some(at));
    }

    /// What becomes of a check at work is not waited for.
    fn leave_check(&mut self) {
        self.check.take_if(|check| check.is_running());
    }
}

/// The revision of all versions that a change was decided on, and the kinds of its events.
type Told = (Option<u64>, Vec<Kind>);

#[cfg(test)]
mod tests;
