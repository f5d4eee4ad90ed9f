//! `Accept` (RFC 9110): a client that wants nothing we offer is told so.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use crate::problem::Refusal;
use crate::wire::ProblemKind;

/// Lets through who takes `offered`.
pub(crate) async fn check(State(offered): State<&'static str>, request: Request, next: Next) -> Response {
    if accepts(request.headers(), offered) {
        return next.run(request).await;
    }
    let detail = format!("this route answers with `{offered}`");
    Refusal::new(ProblemKind::NotAcceptable, detail).at("Accept").into_response()
}

/// True when the client names `one` and not the `other`.
pub(crate) fn prefers(headers: &HeaderMap, one: &str, other: &str) -> bool {
    let values = headers.get_all(header::ACCEPT).into_iter();
    let ranges: Vec<&str> =
        values.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(',')).collect();
    let mut named = [one, other].into_iter().map(|name| {
        ranges.iter().any(|range| quality(range.trim(), name).is_some_and(|quality| quality > 0.0))
    });
    matches!((named.next(), named.next()), (Some(true), Some(false)))
}

/// True when the client takes what is `offered`.
pub(crate) fn accepts(headers: &HeaderMap, offered: &str) -> bool {
    let values = headers.get_all(header::ACCEPT).into_iter();
    let ranges: Vec<&str> = values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .filter(|range| !range.is_empty())
        .collect();
    // The most specific range decides.
    let general = offered.split_once('/').map(|(kind, _)| format!("{kind}/*")).unwrap_or_default();
    let quality = |name: &str| ranges.iter().find_map(|range| quality(range, name));
    let decided = quality(offered).or_else(|| quality(&general)).or_else(|| quality("*/*"));
    ranges.is_empty() || decided.is_some_and(|quality| quality > 0.0)
}

/// The quality of `range` when it is for `name`.
fn quality(range: &str, name: &str) -> Option<f32> {
    let mut parts = range.split(';').map(str::trim);
    let same = parts.next().is_some_and(|kind| kind.eq_ignore_ascii_case(name));
    let quality = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
    same.then(|| quality.map_or(1.0, |quality| quality.parse().unwrap_or(0.0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_decide_by_the_most_specific() {
        for (accept, taken) in [
            ("", true),
            ("*/*", true),
            ("application/json", true),
            ("text/html, application/*;q=0.1", true),
            ("text/html,application/xhtml+xml,*/*;q=0.8", true),
            ("text/html", false),
            ("application/json;q=0, */*", false),
            ("application/jsonx", false),
        ] {
            let headers = HeaderMap::from_iter([(header::ACCEPT, accept.parse().unwrap())]);
            assert_eq!(accepts(&headers, "application/json"), taken, "{accept}");
        }
    }
}
