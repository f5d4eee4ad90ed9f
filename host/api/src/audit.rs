//! What requests do is recorded before they are answered, so that nothing acknowledged is without its record.
//!
//! # Flow
//! [`record`] gives each request a [`Deed`]. `authorization` writes down who asks, and a handler what came of it when
//! the path does not say so. With the answer the deed is recorded: what changes something by its action (`actions`), what
//! is turned away as denied. Whoever goes before he is answered leaves a record that it may be done.

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

pub(crate) use self::actions::Actions;
use crate::caller::via;
use crate::middleware::RequestId;
use crate::problem::Refusal;
use crate::wire::ProblemKind;

/// Records what requests do.
#[derive(Clone)]
pub(crate) struct Recorder {
    pub(crate) log: AuditLog,
    pub(crate) actions: Arc<Actions>,
}

/// What is known of what a request does.
#[derive(Clone, Default)]
pub(crate) struct Deed(Arc<Mutex<Known>>);

#[derive(Clone, Default)]
struct Known {
    principal: Option<Principal>,
    subject: Option<String>,
    detail: Option<String>,
}

impl Deed {
    /// That of the request which has these parts.
    pub(crate) fn of(parts: &Parts) -> Self {
        parts.extensions.get().cloned().unwrap_or_default()
    }

    /// It is of this principal.
    pub(crate) fn is_of(&self, principal: &Principal) {
        self.0.lock().principal = Some(principal.clone());
    }

    /// It is about `subject`; said as soon as it is known, for who goes before he is answered.
    pub(crate) fn is_about(&self, subject: impl ToString) {
        self.0.lock().subject = Some(subject.to_string());
    }

    /// There is this to say of it.
    pub(crate) fn says(&self, detail: impl ToString) {
        self.0.lock().detail = Some(detail.to_string());
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
    let mut unanswered = Unanswered::begin(recorder, &mut parts).await;
    parts.extensions.insert(unanswered.deed.clone());
    let response = next.run(Request::from_parts(parts, body)).await;
    let entry = unanswered.entry(&response);
    unanswered.over = true;
    if let Some(entry) = entry {
        unanswered.recorder.log.record(entry).await;
    }
    response
}

/// A request that is being answered. Dropped before it is, it is recorded as one of unknown result.
struct Unanswered {
    recorder: Recorder,
    deed: Deed,
    action: Option<AuditAction>,
    via: String,
    id: Option<String>,
    route: String,
    over: bool,
}

impl Unanswered {
    async fn begin(recorder: Recorder, parts: &mut Parts) -> Self {
        let deed = Deed::default();
        if let Some(subject) = subject(parts).await {
            deed.is_about(subject);
        }
        let matched = parts.extensions.get::<MatchedPath>().map_or("unmatched", MatchedPath::as_str);
        Self {
            action: recorder.actions.of(&parts.method, matched),
            recorder,
            deed,
            via: via(parts),
            id: parts.extensions.get().map(|RequestId(id)| id.clone()),
            route: format!("{} {matched}", parts.method),
            over: false,
        }
    }

    /// What is recorded of the request with this answer.
    fn entry(&self, response: &Response) -> Option<AuditEntry> {
        let result = result(response);
        if matches!(response.status(), StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
            let route = self.route.clone();
            return Some(AuditEntry { subject: Some(route), result, ..self.of(AuditAction::Denied) });
        }
        self.change(result)
    }

    /// What is recorded of a change that somebody known asked for.
    fn change(&self, result: AuditResult) -> Option<AuditEntry> {
        let (action, known) = (self.action?, self.deed.0.lock().clone());
        known.principal.as_ref()?;
        let route = || (action == AuditAction::Changed).then(|| self.route.clone());
        let (subject, detail) = (known.subject, known.detail.or_else(route));
        Some(AuditEntry { subject, detail, result, ..self.of(action) })
    }

    fn of(&self, action: AuditAction) -> AuditEntry {
        let entry = AuditEntry { request: self.id.clone(), ..AuditEntry::new(action, &self.via) };
        match &self.deed.0.lock().principal {
            Some(principal) => entry.by(principal),
            None => entry,
        }
    }
}

impl Drop for Unanswered {
    fn drop(&mut self) {
        if !self.over
            && let Some(entry) = self.change(AuditResult::Unknown(None))
        {
            self.recorder.log.record_later(entry);
        }
    }
}

/// What came of a request that is answered so.
fn result(response: &Response) -> AuditResult {
    let status = response.status();
    match response.extensions().get().map(Refusal::kind) {
        // What was asked for may be done all the same.
        Some(kind @ (ProblemKind::Internal | ProblemKind::StorageCorrupt | ProblemKind::RequestTimeout)) => {
            AuditResult::Unknown(Some(kind.to_string()))
        }
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
