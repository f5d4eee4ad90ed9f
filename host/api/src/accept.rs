//! `Accept` (RFC 9110): a client that wants nothing we offer is told so.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, header};
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

/// True for who asks for `media_type` by its name, as browsers do for pages: taking everything is not enough.
pub(crate) fn names(headers: &HeaderMap, media_type: &str) -> bool {
    let mut ranges = ranges(headers, &header::ACCEPT).into_iter();
    ranges.find_map(|range| quality(range, media_type)).is_some_and(|quality| quality > 0.0)
}

/// True for who takes what is packed by gzip.
pub(crate) fn takes_gzip(headers: &HeaderMap) -> bool {
    let codings = ranges(headers, &header::ACCEPT_ENCODING);
    let quality = |name: &str| codings.iter().find_map(|coding| quality(coding, name));
    quality("gzip").or_else(|| quality("*")).is_some_and(|quality| quality > 0.0)
}

/// What a header lists.
fn ranges<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Vec<&'a str> {
    let values = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(str::trim).filter(|range| !range.is_empty()).collect()
}

pub(crate) fn accepts(headers: &HeaderMap, offered: &str) -> bool {
    let ranges = ranges(headers, &header::ACCEPT);
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

    #[test]
    fn a_page_is_asked_for_by_name_and_packing_by_gzip_or_whatever_there_is() {
        for (accept, named) in [
            ("text/html,application/xhtml+xml,*/*;q=0.8", true),
            ("application/json, text/html;q=0.1", true),
            ("*/*", false),
            ("text/*", false),
            ("text/html;q=0", false),
        ] {
            let headers = HeaderMap::from_iter([(header::ACCEPT, accept.parse().unwrap())]);
            assert_eq!(names(&headers, "text/html"), named, "{accept}");
        }
        for (coding, taken) in
            [("gzip, br", true), ("*", true), ("gzip;q=0, *", false), ("br", false), ("", false)]
        {
            let headers = HeaderMap::from_iter([(header::ACCEPT_ENCODING, coding.parse().unwrap())]);
            assert_eq!(takes_gzip(&headers), taken, "{coding}");
        }
    }
}
