//! What requests do is recorded before they are answered, so that nothing acknowledged is without its record.
//!
//! # Flow
//! [`record`] gives each request a [`Deed`]. `authorization` writes down who asks, and a handler what came of it when
//! the path does not say so. With the answer the deed is recorded, or as soon as it is done ([`Deed::done`]): what changes
//! something by its action (`actions`), what is turned away as denied. Whoever goes before he is answered leaves a record that it may be done.

mod actions;

use std::sync::Arc;

use axum::extract::{FromRequestParts, MatchedPath, RawPathParams, Request, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::Response;
use parking_lot::Mutex;
use simulay_engine::AuditLog;
use simulay_model::{AuditAction, AuditEntry, AuditResult, Principal};
use tokio::task::JoinHandle;

pub(crate) use self::actions::Actions;
use crate::middleware::RequestId;
use crate::problem::Refusal;
use crate::wire::ProblemKind;

/// Records what requests do.
#[derive(Clone)]
pub(crate) struct Recorder {
    pub(crate) log: AuditLog,
    pub(crate) actions: Arc<Actions>,
}

/// What a request does, as far as it is known.
#[derive(Clone, Default)]
pub(crate) struct Deed {
    asked: Arc<Asked>,
    known: Arc<Mutex<Known>>,
    /// Its record, while that is made.
    recording: Arc<Mutex<Option<JoinHandle<()>>>>,
}

/// What was asked for, and where that is recorded.
#[derive(Default)]
struct Asked {
    log: Option<AuditLog>,
    action: Option<AuditAction>,
    id: Option<String>,
    route: String,
}

#[derive(Clone, Default)]
struct Known {
    via: String,
    principal: Option<Principal>,
    subject: Option<String>,
    detail: Option<String>,
    /// Nothing more is recorded.
    over: bool,
}

impl Deed {
    /// That of the request which has these parts.
    pub(crate) fn of(parts: &Parts) -> Self {
        parts.extensions.get().cloned().unwrap_or_default()
    }

    /// It came `via`.
    pub(crate) fn came(&self, via: String) {
        self.known.lock().via = via;
    }

    /// It is of this principal.
    pub(crate) fn is_of(&self, principal: &Principal) {
        self.known.lock().principal = Some(principal.clone());
    }

    /// It is about `subject`; said as soon as it is known, for who goes before he is answered.
    pub(crate) fn is_about(&self, subject: impl ToString) {
        self.known.lock().subject = Some(subject.to_string());
    }

    /// There is this to say of it.
    pub(crate) fn says(&self, detail: impl ToString) {
        self.known.lock().detail = Some(detail.to_string());
    }

    /// It is done, whatever comes of the answer: recorded now, where that takes long.
    pub(crate) async fn done(&self) {
        self.record(self.change(AuditResult::Done)).await;
    }

    /// As [`Self::done`], for who is answered later: it is recorded by then, with what is done.
    pub(crate) fn done_meanwhile(&self) {
        if let (Some(log), Some(entry)) = (&self.asked.log, self.last(self.change(AuditResult::Done))) {
            *self.recording.lock() = log.record_soon(entry);
        }
    }

    /// What was to be done is not: what came of it instead is recorded after that, which may say that it is done.
    pub(crate) fn undone(&self) {
        self.known.lock().over = false;
    }

    /// Returns once it is recorded, as far as that was begun.
    async fn is_recorded(&self) {
        let recording = self.recording.lock().take();
        if let Some(recording) = recording {
            // It ends early with the runtime only.
            let _ = recording.await;
        }
    }

    /// Records `entry` of it, unless it is recorded by now.
    async fn record(&self, entry: Option<AuditEntry>) {
        if let (Some(log), Some(entry)) = (&self.asked.log, self.last(entry)) {
            log.record(entry).await;
        }
    }

    /// Records that it may be done or not, unless it is recorded by now.
    fn record_unanswered(&self) {
        if let (Some(log), Some(entry)) =
            (&self.asked.log, self.last(self.change(AuditResult::Unknown(None))))
        {
            log.record_later(entry);
        }
    }

    /// The same entry when nothing is recorded yet; nothing is after it.
    fn last(&self, entry: Option<AuditEntry>) -> Option<AuditEntry> {
        let over = std::mem::replace(&mut self.known.lock().over, true);
        entry.filter(|_| !over)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Deed {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self::of(parts))
    }
}

/// Records what a request does before it is answered.
pub(crate) async fn record(State(recorder): State<Recorder>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let unanswered = Unanswered(Deed::begin(recorder, &mut parts).await);
    let deed = &unanswered.0;
    parts.extensions.insert(deed.clone());
    let response = next.run(Request::from_parts(parts, body)).await;
    deed.is_recorded().await;
    deed.record(deed.entry(&response)).await;
    response
}

/// A request that is being answered. Dropped before it is, it is recorded as one of unknown result.
struct Unanswered(Deed);

impl Drop for Unanswered {
    fn drop(&mut self) {
        self.0.record_unanswered();
    }
}

impl Deed {
    async fn begin(recorder: Recorder, parts: &mut Parts) -> Self {
        let subject = subject(parts).await;
        let matched = parts.extensions.get::<MatchedPath>().map_or("unmatched", MatchedPath::as_str);
        let asked = Asked {
            action: recorder.actions.of(&parts.method, matched),
            log: Some(recorder.log),
            id: parts.extensions.get().map(|RequestId(id)| id.clone()),
            route: format!("{} {matched}", parts.method),
        };
        let known = Known { subject, via: "rest".to_owned(), ..Known::default() };
        Self { asked: Arc::new(asked), known: Arc::new(Mutex::new(known)), recording: Arc::default() }
    }

    /// What is recorded of the request with this answer.
    fn entry(&self, response: &Response) -> Option<AuditEntry> {
        let (result, named) = (result(response), self.known.lock().subject.clone());
        match response.status() {
            StatusCode::UNAUTHORIZED => Some(self.denied(None, result)),
            StatusCode::FORBIDDEN => Some(self.denied(named, result)),
            _ => self.change(result),
        }
    }

    /// What is recorded of a request that is turned away, to which somebody known may have named something.
    fn denied(&self, named: Option<String>, result: AuditResult) -> AuditEntry {
        let route = Some(self.asked.route.clone());
        AuditEntry { subject: route, detail: named, result, ..self.with(AuditAction::Denied) }
    }

    /// What is recorded of a change that somebody known asked for.
    fn change(&self, result: AuditResult) -> Option<AuditEntry> {
        let (action, known) = (self.asked.action?, self.known.lock().clone());
        known.principal.as_ref()?;
        let route = || (action == AuditAction::Changed).then(|| self.asked.route.clone());
        let (subject, detail) = (known.subject, known.detail.or_else(route));
        Some(AuditEntry { subject, detail, result, ..self.with(action) })
    }

    /// What is recorded of it in any case.
    fn with(&self, action: AuditAction) -> AuditEntry {
        let known = self.known.lock();
        let entry = AuditEntry::new(action, &known.via);
        let entry = AuditEntry { request: self.asked.id.clone(), ..entry };
        match &known.principal {
            Some(principal) => entry.by(principal),
            None => entry,
        }
    }
}

/// True when nothing came of a request that is answered so.
pub(crate) fn is_refused(response: &Response) -> bool {
    matches!(result(response), AuditResult::Refused(_))
}

/// What came of a request that is answered so.
fn result(response: &Response) -> AuditResult {
    let status = response.status();
    match response.extensions().get().map(Refusal::kind) {
        // What was asked for may be done all the same.
        Some(
            kind @ (ProblemKind::Internal
            | ProblemKind::StorageCorrupt
            | ProblemKind::StorageUnavailable
            | ProblemKind::RequestTimeout),
        ) => AuditResult::Unknown(Some(kind.to_string())),
        Some(kind) => AuditResult::Refused(kind.to_string()),
        None if status.is_client_error() => AuditResult::Refused(status.as_str().to_owned()),
        None if status.is_server_error() => AuditResult::Unknown(Some(status.as_str().to_owned())),
        None => AuditResult::Done,
    }
}

/// What the path names: `name@version`, or the values of its segments.
async fn subject(parts: &mut Parts) -> Option<String> {
    let named = RawPathParams::from_request_parts(parts, &()).await.ok()?;
    let values: Vec<(&str, &str)> = named.iter().collect();
    match *values.as_slice() {
        [] => None,
        [("name", name), ("version", version)] => Some(format!("{name}@{version}")),
        _ => Some(values.iter().map(|(_, value)| *value).collect::<Vec<_>>().join("/")),
    }
}
