//! Why a call took a result, or why it did not.

use simulay_model::{CallEnd, CallPlace, CallRecord, KeyPart, Principal, RunId};
use simulay_store::KeptKey;

use super::Reader;
use crate::{EngineError, ReuseAmong};

/// Earlier calls among which the nearest is looked for.
const LOOKED_AT: u32 = 200;

/// Whether a call took a result of another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReuseTold {
    /// It did. The run that computed it, when that is of the same account.
    Reused(Option<RunId>),
    /// It did not: why, and the earlier call whose result it would have taken had it been equal.
    Not(NotReused, Option<Nearest>),
}

/// Why a call took no result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotReused {
    /// Its plugin does not say that equal calls give equal outputs.
    NotDeterministic,
    /// The operator wants none to be taken.
    SwitchedOff,
    /// The request wanted all to be computed.
    ComputedAnew,
    /// Nothing is known of its key: it was carried out while no results were kept, or what it left is let go of.
    NoKey,
    /// There was no result of an equal call.
    NoEqual,
}

/// An earlier call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nearest {
    /// Where it is.
    pub place: CallPlace,
    /// The parts of its key that are others. None when it is equal and had not ended by then.
    pub differs: Vec<KeyPart>,
}

impl Reader {
    /// Why a call of a run took a result, or why it did not; none when there is no such call.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn reuse(
        &self,
        principal: &Principal,
        place: CallPlace,
    ) -> Result<Option<ReuseTold>, EngineError> {
        let (parts, visible) = (&self.shared.parts, principal.visible());
        let CallPlace { run, step, index } = place;
        let Some(call) = parts.journal.call(&visible, run, step, index).await? else { return Ok(None) };
        if let Some(CallEnd::Result(result)) = &call.end
            && result.reused
        {
            return Ok(Some(ReuseTold::Reused(result.reused_from)));
        }
        let Some(found) = parts.runs.get(&visible, run).await? else { return Ok(None) };
        let why = self.why_not(&call, found.reuse);
        let kept = parts.reuse.kept_keys(&visible, run, LOOKED_AT).await?;
        Ok(Some(ReuseTold::Not(why, nearest(&call, place, &kept))))
    }

    fn why_not(&self, call: &CallRecord, reuse: bool) -> NotReused {
        match call {
            CallRecord { call, .. } if !call.deterministic => NotReused::NotDeterministic,
            _ if matches!(self.shared.settings.reuse, ReuseAmong::Nobody) => NotReused::SwitchedOff,
            _ if !reuse => NotReused::ComputedAnew,
            CallRecord { key: None, .. } => NotReused::NoKey,
            _ => NotReused::NoEqual,
        }
    }
}

/// Of the calls before one, from the newest on, that which differs in the fewest parts.
fn nearest(call: &CallRecord, place: CallPlace, kept: &[KeptKey]) -> Option<Nearest> {
    let key = call.key?;
    let earlier = kept.iter().filter(|kept| kept.place < place);
    let differs = earlier.map(|kept| Nearest { place: kept.place, differs: key.differing(&kept.key) });
    differs.min_by_key(|nearest| nearest.differs.len())
}
