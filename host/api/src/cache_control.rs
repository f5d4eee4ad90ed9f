//! `Cache-Control: no-cache` of a request (RFC 9111): its answer is to be computed, whatever was computed before.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};

/// True when nothing that was computed before is to be taken.
pub(crate) struct ComputesAnew(pub(crate) bool);

impl<S: Send + Sync> FromRequestParts<S> for ComputesAnew {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(computes_anew(&parts.headers)))
    }
}

/// What is not understood is ignored, as RFC 9111 has it.
fn computes_anew(headers: &HeaderMap) -> bool {
    let values = headers.get_all(header::CACHE_CONTROL).into_iter().filter_map(|value| value.to_str().ok());
    let mut directives = values.flat_map(|value| value.split(','));
    directives.any(|directive| {
        let name = directive.split('=').next().unwrap_or_default();
        name.trim().eq_ignore_ascii_case("no-cache")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directive_is_found_among_others() {
        for (value, expected) in [
            ("no-cache", true),
            ("max-age=0, No-Cache", true),
            ("no-store", false),
            ("no-cache=\"x\"", true),
            ("max-age=0", false),
            ("x-no-cache", false),
            ("", false),
        ] {
            let headers = HeaderMap::from_iter([(header::CACHE_CONTROL, value.parse().unwrap())]);
            assert_eq!(computes_anew(&headers), expected, "{value}");
        }
    }
}
