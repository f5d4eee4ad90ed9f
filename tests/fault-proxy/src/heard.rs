//! What was heard, and which fault is due.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use hyper::{Method, Uri};

use crate::{Fault, Mode};

/// Method and path of a request; a container's name stands as `*`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Request(String);

impl Request {
    /// A look at a container.
    #[must_use]
    pub fn inspection() -> Self {
        Self("GET /containers/*/json".to_owned())
    }

    /// That somebody wants to hear a container, and to be heard.
    #[must_use]
    pub fn attachment() -> Self {
        Self("POST /containers/*/attach".to_owned())
    }

    /// What containers there are.
    #[must_use]
    pub fn list() -> Self {
        Self("GET /containers/json".to_owned())
    }

    /// That a container is removed.
    #[must_use]
    pub fn removal() -> Self {
        Self("DELETE /containers/*".to_owned())
    }

    pub(crate) fn of(method: &Method, uri: &Uri) -> Self {
        let mut path = String::new();
        let mut parts = uri.path().split('/').filter(|part| !part.is_empty()).peekable();
        // The version of the API says nothing.
        parts.next_if(|part| part.starts_with("v1."));
        for part in parts {
            let named = part.starts_with("simulay-") || part.len() == 64;
            path.push('/');
            path.push_str(if named { "*" } else { part });
        }
        Self(format!("{method} {path}"))
    }
}

impl fmt::Display for Request {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[derive(Debug, Default)]
struct State {
    heard: Vec<Request>,
    fault: Option<Fault>,
    struck: bool,
}

#[derive(Debug, Default)]
pub(crate) struct Ledger(Mutex<State>);

impl Ledger {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn arm(&self, fault: Option<Fault>) {
        *self.state() = State { fault, ..State::default() };
    }

    pub(crate) fn heard(&self) -> Vec<Request> {
        self.state().heard.clone()
    }

    pub(crate) fn has_struck(&self) -> bool {
        self.state().struck
    }

    /// Writes a request down; how it is to be failed, if it is.
    pub(crate) fn hear(&self, request: Request) -> Option<Mode> {
        let mut state = self.state();
        state.heard.push(request);
        let request = state.heard.last()?;
        let fault = state.fault.as_ref().filter(|fault| fault.request == *request)?;
        let count = state.heard.iter().filter(|heard| **heard == fault.request).count();
        let mode = fault.nth.is_none_or(|nth| nth == count).then_some(fault.mode)?;
        state.struck = true;
        Some(mode)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(method: Method, path: &str) -> Request {
        Request::of(&method, &path.parse().unwrap())
    }

    #[test]
    fn names_and_versions_do_not_count() {
        let started = request(Method::POST, "/v1.40/containers/simulay-01a-0-0-0/start?x=1");
        assert_eq!(started.to_string(), "POST /containers/*/start");
        assert_eq!(request(Method::GET, "/_ping").to_string(), "GET /_ping");
    }

    #[test]
    fn without_a_number_every_one_is_failed() {
        let ledger = Ledger::default();
        let ping = request(Method::GET, "/_ping");
        ledger.arm(Some(Fault { request: ping.clone(), nth: None, mode: Mode::Conflict }));
        assert_eq!([ping.clone(), ping].map(|request| ledger.hear(request)), [Some(Mode::Conflict); 2]);
    }

    #[test]
    fn only_the_nth_is_failed() {
        let ledger = Ledger::default();
        let ping = request(Method::GET, "/_ping");
        ledger.arm(Some(Fault { request: ping.clone(), nth: Some(2), mode: Mode::Conflict }));
        let other = request(Method::GET, "/info");
        let answers = [ping.clone(), other, ping.clone(), ping].map(|request| ledger.hear(request));
        assert_eq!(answers, [None, None, Some(Mode::Conflict), None]);
        assert!(ledger.has_struck());
        assert_eq!(ledger.heard().len(), 4);
    }
}
