//! Results that equal calls may take, and who computes one at the moment.

use std::time::Duration;

use async_trait::async_trait;
use simulay_model::{AccountName, CallKey, CallPlace, ContainerResult, Digest, Offer, OwnerFilter, RunId};

use crate::StoreError;

/// A result that an equal call may take.
#[derive(Debug, Clone, PartialEq)]
pub struct Offered {
    /// The call that it came of.
    pub offer: Offer,
    /// What came of it.
    pub result: ContainerResult,
}

/// A call whose result is offered, by all that it is known by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptKey {
    /// Where it is.
    pub place: CallPlace,
    /// By what it is known.
    pub key: CallKey,
}

/// What equal calls do not compute at the same time.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Flight {
    /// Among whose calls; none where all accounts share.
    pub among: Option<AccountName>,
    /// The digest of the key of the calls.
    pub key: Digest,
}

/// What may be taken of calls. Attempts that offer their result, as [`simulay_model::AttemptProgress::offers`] has it,
/// do so as soon as their end is stored, and until what they left is let go of or their run is deleted.
#[async_trait]
pub trait Reuse: Send + Sync {
    /// Of each of `keys` the newest result that calls of `among` offer, or of all accounts, where there is one.
    async fn offered(
        &self,
        among: Option<&AccountName>,
        keys: Vec<Digest>,
    ) -> Result<Vec<Offered>, StoreError>;

    /// At most `most` of the calls that offer their result, of runs up to `run`, from the newest run to the oldest.
    async fn kept_keys(&self, owner: &OwnerFilter, run: RunId, most: u32)
    -> Result<Vec<KeptKey>, StoreError>;

    /// Has `call` lead the flight for `time`, if nobody else does; whoever leads it from now on. Nothing of it need be
    /// durable: where it is lost, the same is computed twice.
    async fn lead(&self, flight: &Flight, call: CallPlace, time: Duration) -> Result<CallPlace, StoreError>;

    /// Whoever leads the flight.
    async fn leader(&self, flight: &Flight) -> Result<Option<CallPlace>, StoreError>;

    /// Ends the flight, if `call` leads it.
    async fn land(&self, flight: &Flight, call: CallPlace) -> Result<(), StoreError>;
}
