//! Nothing is computed twice: a call takes the result of an earlier, equal one, and of equal calls at the same time
//! one is carried out.
//!
//! # Flow
//! With the plan of a step it is looked up which of its calls have a result already; these end in the transaction that
//! stores the plan ([`Reuse::look_up`]). Of any other, right before it would be started, it is asked who computes the
//! same by now ([`Departure`]): whoever leads starts, others let go of their place, wait and take what comes of it
//! ([`Reuse::follow`]).

mod departure;
mod follow;

use std::collections::HashMap;

use simulay_model::{AccountName, CallEnd, CallPlace, Change, ContainerCall, ContainerResult, Digest, Run};
use simulay_store::{Flight, Offered, StoreError};

use crate::{Parts, ReuseAmong};

pub(crate) use departure::{Departure, Instead};

/// A call for which others may wait, by what it is known.
pub(crate) struct Flown {
    pub(crate) place: CallPlace,
    pub(crate) key: Digest,
}

/// What a run may take of earlier calls.
#[derive(Clone, Copy)]
pub(crate) struct Reuse<'a> {
    pub(crate) parts: &'a Parts,
    pub(crate) among: ReuseAmong,
    pub(crate) run: &'a Run,
}

impl<'a> Reuse<'a> {
    /// True when calls of the run take results; what comes of them may be taken in any case.
    pub(crate) const fn takes(&self) -> bool {
        self.run.reuse && !matches!(self.among, ReuseAmong::Nobody)
    }

    /// How those of the calls of a step end that have a result already.
    pub(crate) async fn look_up(
        &self,
        step: u32,
        calls: &[(u32, &ContainerCall, Digest)],
    ) -> Result<Vec<Change>, StoreError> {
        if calls.is_empty() {
            return Ok(Vec::new());
        }
        let keys = calls.iter().map(|(_, _, key)| *key).collect();
        let offered = self.parts.reuse.offered(self.account(), keys).await?;
        let offered: HashMap<_, _> =
            offered.into_iter().map(|offered| (offered.offer.key, offered)).collect();
        let ends = calls.iter().filter_map(|(index, call, key)| {
            let place = CallPlace { run: self.run.id, step, index: *index };
            Some(self.taken(place, &call.name, offered.get(key)?.clone()))
        });
        Ok(ends.collect())
    }

    /// The end of a call whose result is taken.
    pub(crate) fn taken(
        &self,
        CallPlace { step, index, .. }: CallPlace,
        name: &str,
        taken: Offered,
    ) -> Change {
        let Offered { offer, result } = taken;
        let of_this_account = (offer.owner == self.run.owner).then_some(offer.place.run);
        let reused_from = if result.reused { result.reused_from } else { of_this_account };
        let result = ContainerResult { name: name.to_owned(), reused: true, reused_from, ..result };
        // Only a call of which no attempt has started takes one.
        Change::CallEnded { step, index, attempt: 0, end: CallEnd::Result(result), taken: Some(offer) }
    }

    async fn offered(&self, key: Digest) -> Result<Option<Offered>, StoreError> {
        Ok(self.parts.reuse.offered(self.account(), vec![key]).await?.pop())
    }

    fn flight(&self, key: Digest) -> Flight {
        Flight { among: self.account().cloned(), key }
    }

    const fn account(&self) -> Option<&'a AccountName> {
        match self.among {
            ReuseAmong::All => None,
            ReuseAmong::Account | ReuseAmong::Nobody => Some(&self.run.owner),
        }
    }
}
