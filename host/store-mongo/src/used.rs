//! What a run used, as its journal tells when it ends.

use std::collections::{BTreeMap, HashSet};

use mongodb::ClientSession;
use simulay_model::{Effects, EventData, RunId, StartedAttempt, Usage};

use crate::entries::{Entry, beginning};
use crate::failure::MongoResult;
use crate::fields::{damaged, flag, number, parsed};
use crate::store::MongoStore;
use crate::told::{event_data, place};

impl MongoStore {
    /// What the owner of the run used by the change.
    pub(crate) async fn usage_of(
        &self,
        session: &mut ClientSession,
        run: RunId,
        effects: &Effects,
    ) -> MongoResult<Usage> {
        let mut usage = Usage::of_effects(effects);
        if effects.is_end() {
            usage += Usage::of_stopped(&self.started_attempts(session, run).await?, effects.at);
        }
        Ok(usage)
    }

    /// The attempts at the calls of a run, in their order; none when the end of each is known.
    async fn started_attempts(
        &self,
        session: &mut ClientSession,
        run: RunId,
    ) -> MongoResult<Vec<StartedAttempt>> {
        let attempts = self.entries_in(session, beginning(&format!("{run}/attempt/"))).await?;
        // The last that is told of an attempt counts.
        let mut newest = BTreeMap::new();
        for Entry { fields, .. } in &attempts {
            let unended = flag(fields, "started")? && !flag(fields, "ended")?;
            newest.insert((place(fields)?, number::<u32>(fields, "attempt")?), unended);
        }
        let unended: HashSet<_> =
            newest.into_iter().filter(|(_, unended)| *unended).map(|(key, _)| key).collect();
        if unended.is_empty() {
            return Ok(Vec::new());
        }
        let mut started = beginning(&format!("{run}/event/"));
        started.insert("kind", "call.started");
        let events = self.entries_in(session, started).await?;
        let mut attempts =
            events.iter().map(|event| started_attempt(event, &unended)).collect::<MongoResult<Vec<_>>>()?;
        attempts.sort_unstable();
        Ok(attempts)
    }
}

fn started_attempt(event: &Entry, unended: &HashSet<((u32, u32), u32)>) -> MongoResult<StartedAttempt> {
    match event_data(event)? {
        EventData::CallStarted(started) => {
            let (call, attempt) = ((started.step, started.call), started.attempt);
            let ended = !unended.contains(&(call, attempt));
            Ok(StartedAttempt { call, attempt, at: parsed(&event.fields, "at")?, ended })
        }
        _ => Err(damaged("kind", "it is another event")),
    }
}
