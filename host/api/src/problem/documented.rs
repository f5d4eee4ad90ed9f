//! Refusals in the OpenAPI document.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use strum::IntoEnumIterator as _;
use utoipa::openapi::{ContentBuilder, Ref, RefOr, Response, ResponseBuilder};
use utoipa::{IntoResponses, ToSchema};

use super::{meaning, status_for_good};
use crate::wire::{Problem, ProblemKind};

/// The refusals of one status, as the OpenAPI document shows them.
pub(crate) struct Refused<const STATUS: u16>;

impl<const STATUS: u16> IntoResponses for Refused<STATUS> {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        BTreeMap::from([(STATUS.to_string(), response(&description(STATUS)).into())])
    }
}

/// A response whose body is a problem document.
pub(crate) fn response(description: &str) -> Response {
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name(Problem::name()))).build();
    ResponseBuilder::new().description(description).content("application/problem+json", content).build()
}

/// The kinds of refusals of one status, in words.
pub(crate) fn description(status: u16) -> String {
    let kinds: Vec<String> = ProblemKind::iter()
        .filter(|kind| [meaning(*kind).0, status_for_good(*kind)].iter().any(|it| it.as_u16() == status))
        .map(|kind| format!("`{kind}`"))
        .collect();
    let reason = StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason());
    format!("{}: {}", reason.unwrap_or_default(), kinds.join(", "))
}

/// Every kind with its status and title, a line each.
pub(crate) fn every_kind() -> String {
    let line = |kind| {
        let (status, title) = meaning(kind);
        let other = Some(status_for_good(kind)).filter(|other| *other != status);
        let other = other.map(|other| format!(" or {}", other.as_u16())).unwrap_or_default();
        format!("`{kind}` {}{other}: {title}", status.as_u16())
    };
    let lines: Vec<String> = ProblemKind::iter().map(line).collect();
    format!("The stable kinds of refusals, with their status.\n\n{}", lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_a_status_of_refusal_and_its_own_title() {
        let mut titles = std::collections::HashSet::new();
        for kind in ProblemKind::iter() {
            let (status, title) = meaning(kind);
            assert!(status.is_client_error() || status.is_server_error(), "{kind:?}");
            assert!(titles.insert(title), "{title}");
        }
    }

    #[test]
    fn the_kinds_are_told_with_status_and_title() {
        let lines = every_kind();
        assert!(lines.contains("\n`not_found` 404: There is no such thing\n"), "{lines}");
        assert_eq!(lines.lines().count(), ProblemKind::iter().len() + 2);
    }

    #[test]
    fn a_status_is_described_by_its_kinds() {
        assert_eq!(description(404), "Not Found: `not_found`");
        assert!(description(413).contains("`payload_too_large`, `params_too_large`"));
    }
}
