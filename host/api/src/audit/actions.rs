//! What each route that changes something is recorded as.

use std::collections::HashMap;

use axum::http::Method;
use simulay_model::AuditAction;
use utoipa::openapi::OpenApi;
use utoipa::openapi::path::{Operation, PathItem};

/// The one route of `GET` that changes something: it opens a session.
const RETURN: &str = "returnFromProvider";

/// Actions by method and route.
#[derive(Default)]
pub(crate) struct Actions(HashMap<(Method, String), AuditAction>);

impl Actions {
    /// Those of the routes in `document`.
    pub(crate) fn new(document: &OpenApi) -> Self {
        let routes = document.paths.paths.iter();
        let all = routes.flat_map(|(path, item)| {
            let actions = changes(item).filter_map(|(method, operation)| Some((method, action(operation)?)));
            actions.map(|(method, action)| ((method, path.clone()), action))
        });
        Self(all.collect())
    }

    pub(super) fn of(&self, method: &Method, route: &str) -> Option<AuditAction> {
        // Whoever asks for the head of an answer does what he does who asks for the answer.
        let method = if method == Method::HEAD { Method::GET } else { method.clone() };
        self.0.get(&(method, route.to_owned())).copied()
    }
}

/// What may change something.
fn changes(item: &PathItem) -> impl Iterator<Item = (Method, &Operation)> {
    let PathItem { get, post, put, delete, patch, .. } = item;
    let all = [(Method::POST, post), (Method::PUT, put), (Method::DELETE, delete), (Method::PATCH, patch)];
    let all = all.into_iter().filter_map(|(method, operation)| Some((method, operation.as_ref()?)));
    // A browser comes back from another site by a link.
    let comes_back = |get: &&Operation| get.operation_id.as_deref() == Some(RETURN);
    all.chain(get.as_ref().filter(comes_back).map(|operation| (Method::GET, operation)))
}

/// What an operation is recorded as; none for those that only ask.
fn action(operation: &Operation) -> Option<AuditAction> {
    Some(match operation.operation_id.as_deref() {
        Some("previewRun" | "previewSweep" | "listMissingInputs") => return None,
        Some("createRun" | "createNamedRun") => AuditAction::RunCreated,
        Some("describeRun") => AuditAction::RunDescribed,
        Some("cancelRun") => AuditAction::RunCancelled,
        Some("createSweep") => AuditAction::SweepCreated,
        Some("cancelSweep") => AuditAction::SweepCancelled,
        Some("retrySweep") => AuditAction::SweepRetried,
        Some("extendSweep") => AuditAction::SweepExtended,
        Some("uploadInput" | "uploadArchive") => AuditAction::InputUploaded,
        Some("signIn" | RETURN) => AuditAction::SignIn,
        Some("signOut") => AuditAction::SignOut,
        Some("createRunLink") => AuditAction::TokenCreated,
        Some("revokeRunLink") => AuditAction::TokenRevoked,
        Some("uploadPlugin" | "uploadShippedPlugin") => AuditAction::PluginUploaded,
        Some("activatePlugin") => AuditAction::PluginActivated,
        Some("approvePlugin") => AuditAction::PluginApproved,
        Some("retirePlugin") => AuditAction::PluginRetired,
        Some("rollBackPipeline") => AuditAction::PluginRolledBack,
        Some("setPluginIsolation") => AuditAction::PluginIsolationChanged,
        Some("setPluginVisibility") => AuditAction::PluginVisibilityChanged,
        // Nothing that may change something goes without a record because nobody thought of it here.
        _ => AuditAction::Changed,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_route_that_changes_something_has_an_action_of_its_own() {
        let document = crate::openapi();
        let actions = Actions::new(&document);
        assert!(actions.0.len() >= 10);
        let unnamed: Vec<_> =
            actions.0.iter().filter(|(_, action)| **action == AuditAction::Changed).collect();
        assert!(unnamed.is_empty(), "name what these do: {unnamed:?}");
        assert_eq!(actions.of(&Method::PUT, "/v1/runs/{id}"), Some(AuditAction::RunCreated));
        assert_eq!(actions.of(&Method::PATCH, "/v1/runs/{id}"), Some(AuditAction::RunDescribed));
        assert_eq!(actions.of(&Method::GET, "/v1/runs/{id}"), None);
        for method in [Method::GET, Method::HEAD] {
            assert_eq!(actions.of(&method, "/v1/session/provider/return"), Some(AuditAction::SignIn));
        }
    }
}
