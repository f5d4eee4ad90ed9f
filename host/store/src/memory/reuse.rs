//! Results that equal calls may take.

use std::time::Duration;

use async_trait::async_trait;
use simulay_model::{AccountName, AttemptProgress, CallEnd, CallPlace, Digest, Offer, OwnerFilter, RunId};

use super::{MemoryStore, State};
use crate::{Flight, KeptKey, Offered, Reuse, StoreError};

#[async_trait]
impl Reuse for MemoryStore {
    async fn offered(
        &self,
        among: Option<&AccountName>,
        keys: Vec<Digest>,
    ) -> Result<Vec<Offered>, StoreError> {
        let state = self.state();
        Ok(keys.into_iter().filter_map(|key| state.newest_offer(among, key)).collect())
    }

    async fn kept_keys(
        &self,
        owner: &OwnerFilter,
        run: RunId,
        most: u32,
    ) -> Result<Vec<KeptKey>, StoreError> {
        let state = self.state();
        let places = state.offers.iter().map(|(_, _, place)| *place).filter(|place| place.run <= run);
        let mut places: Vec<_> = places.filter(|place| state.run(owner, place.run).is_some()).collect();
        places.sort_unstable_by(|this, that| that.cmp(this));
        let kept = |place| Some(KeptKey { place, key: state.attempt(place)?.key? });
        Ok(places.into_iter().filter_map(kept).take(most as usize).collect())
    }

    async fn lead(&self, flight: &Flight, call: CallPlace, time: Duration) -> Result<CallPlace, StoreError> {
        self.flights.lead(flight, call, (self.clock.now(), time))
    }

    async fn leader(&self, flight: &Flight) -> Result<Option<CallPlace>, StoreError> {
        Ok(self.flights.leader(flight, self.clock.now()))
    }

    async fn land(&self, flight: &Flight, call: CallPlace) -> Result<(), StoreError> {
        self.flights.land(flight, call);
        Ok(())
    }
}

impl State {
    fn newest_offer(&self, among: Option<&AccountName>, key: Digest) -> Option<Offered> {
        let offers = self
            .offers
            .iter()
            .filter(|(offered, owner, _)| *offered == key && among.is_none_or(|among| among == owner));
        let (_, owner, place) = offers.max_by_key(|(_, _, place)| *place)?;
        let Some(CallEnd::Result(result)) = &self.attempt(*place)?.end else { return None };
        let offer = Offer { key, owner: owner.clone(), place: *place };
        Some(Offered { offer, result: result.clone() })
    }

    fn attempt(&self, place: CallPlace) -> Option<&AttemptProgress> {
        self.runs.get(&place.run)?.attempts.get(&(place.step, place.index))
    }

    /// Refuses what is to be taken and is not offered.
    pub(super) fn check_taken(&self, taken: Option<&Offer>) -> Result<(), StoreError> {
        let Some(Offer { key, owner, place }) = taken else { return Ok(()) };
        let is_offered = self.offers.contains(&(*key, owner.clone(), *place));
        if is_offered { Ok(()) } else { Err(StoreError::NotOffered) }
    }
}
