//! `Range` and conditions (RFC 9110) of one immutable byte string.

use std::ops::Range;

use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse as _, Response};

use crate::problem::Refusal;
use crate::wire::ProblemKind;

/// What of the bytes is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Part {
    /// All of them.
    Whole,
    /// These.
    Some(Range<u64>),
    /// None that there are.
    PastTheEnd,
}

/// What `headers` ask for of `size` bytes whose entity tag is `tag`. Several ranges at once, other
/// units and what is not well-formed are answered with the whole, as RFC 9110 allows.
pub(crate) fn part(headers: &HeaderMap, size: u64, tag: &str) -> Part {
    let current = headers.get(header::IF_RANGE).is_none_or(|value| value.as_bytes() == tag.as_bytes());
    let range = headers.get(header::RANGE).and_then(|value| value.to_str().ok());
    range.filter(|_| current).and_then(|range| parse(range, size)).unwrap_or(Part::Whole)
}

/// The answer to who asks by `field` for what is behind the last byte of `what`.
pub(crate) fn past_the_end(what: &str, size: u64, field: &str) -> Response {
    let refusal =
        Refusal::new(ProblemKind::RangeNotSatisfiable, format!("{what} has {size} bytes")).at(field);
    ([(header::CONTENT_RANGE, format!("bytes */{size}"))], refusal).into_response()
}

/// `Content-Range` of these bytes of `size`.
pub(crate) fn content_range(range: &Range<u64>, size: u64) -> [(header::HeaderName, String); 1] {
    [(header::CONTENT_RANGE, format!("bytes {}-{}/{size}", range.start, range.end.saturating_sub(1)))]
}

fn parse(range: &str, size: u64) -> Option<Part> {
    let (unit, range) = range.split_once('=')?;
    let (first, last) = range.trim().split_once('-')?;
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return None;
    }
    let range = match (digits(first)?, digits(last)?) {
        (None, None) => return None,
        (None, Some(suffix)) => size.saturating_sub(suffix)..size,
        (Some(first), None) => first..size,
        (Some(first), Some(last)) if last < first => return None,
        (Some(first), Some(last)) => first..last.saturating_add(1).min(size),
    };
    Some(if range.is_empty() { Part::PastTheEnd } else { Part::Some(range) })
}

/// A number or nothing; `None` for everything else. Numbers past `u64` are past every end.
fn digits(text: &str) -> Option<Option<u64>> {
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some((!text.is_empty()).then(|| text.parse().unwrap_or(u64::MAX)))
}

/// The client has these bytes already.
pub(crate) fn is_known(headers: &HeaderMap, tag: &str) -> bool {
    let values = headers.get_all(header::IF_NONE_MATCH).into_iter();
    let tags = values.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
    tags.map(str::trim).any(|known| known == "*" || known.strip_prefix("W/").unwrap_or(known) == tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_at_their_edges() {
        let some = |range| Some(Part::Some(range));
        for (range, size, part) in [
            ("bytes=0-0", 10, some(0..1)),
            ("bytes=0-", 10, some(0..10)),
            ("bytes=9-", 10, some(9..10)),
            ("bytes=5-100", 10, some(5..10)),
            ("bytes=-3", 10, some(7..10)),
            ("bytes=-100", 10, some(0..10)),
            ("BYTES=1-2", 10, some(1..3)),
            ("bytes=10-", 10, Some(Part::PastTheEnd)),
            ("bytes=-0", 10, Some(Part::PastTheEnd)),
            ("bytes=0-", 0, Some(Part::PastTheEnd)),
            ("bytes=99999999999999999999-", 10, Some(Part::PastTheEnd)),
            ("bytes=0-99999999999999999999", 10, some(0..10)),
            ("bytes=5-4", 10, None),
            ("bytes=-", 10, None),
            ("bytes=+1-2", 10, None),
            ("bytes=0-1,3-4", 10, None),
            ("lines=0-1", 10, None),
            ("bytes", 10, None),
        ] {
            assert_eq!(parse(range, size), part, "{range} of {size}");
        }
    }
}
