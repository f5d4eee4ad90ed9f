//! Requests that may come again: each does its work once.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Mutex, MutexGuard};
use simulay_model::{Digest, Principal, Scope};
use simulay_store::{Claim, Outcome, RequestKey, Requests, StoreError};

use crate::clock_watch::TICK;
use crate::{Parts, RepeatError};

/// How long what came of a request is remembered at least.
const REMEMBERED: Duration = Duration::from_secs(24 * 3600);

/// A request that may come again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Once {
    /// Of which kind it is.
    pub scope: String,
    /// What its sender calls it.
    pub key: String,
    /// What it asks for.
    pub fingerprint: Digest,
}

/// What to do with a request.
pub enum Beginning {
    /// Its work: it is the first. Nobody else begins it until this is dropped.
    First(AtWork),
    /// Nothing: this came of the first.
    Again(Outcome),
}

/// Requests at work.
#[derive(Clone, Default)]
pub(crate) struct InFlight(Arc<Mutex<HashSet<RequestKey>>>);

/// A request at work; it is no more when this is dropped.
pub struct AtWork {
    requests: InFlight,
    request: RequestKey,
}

impl Drop for AtWork {
    fn drop(&mut self) {
        self.requests.lock().remove(&self.request);
    }
}

impl InFlight {
    /// Begins a request, unless it came before.
    pub(crate) async fn begin(
        &self,
        parts: &Parts,
        principal: &Principal,
        once: &Once,
    ) -> Result<Beginning, RepeatError> {
        let request = once.request(principal);
        let at_work = self.enter(&request).ok_or(RepeatError::InFlight)?;
        match parts.requests.find(&request).await? {
            None => Ok(Beginning::First(at_work)),
            Some(before) if before.fingerprint == once.fingerprint => Ok(Beginning::Again(before.outcome)),
            Some(_) => Err(RepeatError::OtherRequest),
        }
    }

    fn enter(&self, request: &RequestKey) -> Option<AtWork> {
        let new = self.lock().insert(request.clone());
        new.then(|| AtWork { requests: self.clone(), request: request.clone() })
    }

    fn lock(&self) -> MutexGuard<'_, HashSet<RequestKey>> {
        self.0.lock()
    }
}

impl Once {
    /// What is stored of it.
    pub(crate) fn claim(&self, principal: &Principal) -> Claim {
        Claim { request: self.request(principal), fingerprint: self.fingerprint }
    }

    /// Keys are each account's own, and within it those of a scope: they tell nothing of what lies outside.
    fn request(&self, principal: &Principal) -> RequestKey {
        let Self { scope: kind, key, .. } = self.clone();
        let scope = match &principal.scope {
            Scope::All => kind,
            Scope::Pipeline(pipeline) => format!("{kind} within {pipeline}"),
            Scope::Run(run) => format!("{kind} within {run}"),
        };
        RequestKey { owner: principal.account.clone(), scope, key }
    }
}

/// Forgets requests that came long enough ago.
pub(crate) async fn forget(requests: &dyn Requests) -> Result<(), StoreError> {
    // The time observed is taken down once in a while: a request may have come a little later.
    requests.forget(REMEMBERED + 2 * TICK).await.map(|_| ())
}
